"""Which task each call is: routes found in prompts, joined into named categories."""
