"""When two values say the same: texts, labels, numbers, dates, lists, objects, arguments of tools.

Nothing here knows of checks or answers: values in, same or not out.
"""
