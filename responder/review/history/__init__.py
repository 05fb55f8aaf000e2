"""Where else a leaked value is: every object of a repository, its folders, and GitHub beyond the clone."""
