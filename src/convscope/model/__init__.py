"""A trained network and the only code that looks inside one."""
