"""python generate.py OUT [NAME...]  -- writes NAME.jsonl and NAME.truth.jsonl for each company."""
import importlib
import pathlib
import sys

if __package__ in (None, ""):
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

NAMES = ["hospital", "games", "bank", "school", "travel", "law"]
SEED = 20251001


def main(argv):
    if not argv or argv[0] in ("-h", "--help"):
        print(__doc__ + "\nnames: " + " ".join(NAMES))
        return 2
    out = pathlib.Path(argv[0])
    names = argv[1:] or NAMES
    unknown = [n for n in names if n not in NAMES]
    if unknown:
        print("unknown: %s (names: %s)" % (" ".join(unknown), " ".join(NAMES)))
        return 2
    out.mkdir(parents=True, exist_ok=True)
    for n in names:
        log = importlib.import_module("kept_logs." + n).build(SEED)
        log.write(out)
        print("%-9s %5d lines  %2d tasks  %d errors  %d truncated  %d retries" % (
            n, len(log.rows), len(log.tasks), log.stats["errors"], log.stats["truncated"], log.stats["retries"]))
        for t, c in log.tasks.most_common():
            print("    %-34s %5d" % (t, c))
        if log.dry:
            print("    (grammar ran dry: %s)" % log.dry.most_common(5))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
