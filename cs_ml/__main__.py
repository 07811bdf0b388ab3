"""Make ``python -m cs_ml`` the command ``cs-ml``."""

from cs_ml.cli import main

if __name__ == "__main__":  # worker processes import this file once more
    main()
