"""``python -m dlnb.run STUDY``: see ``dlnb.run.sweep``."""

import sys

from dlnb.run.sweep import main

if __name__ == "__main__":
    sys.exit(main())
