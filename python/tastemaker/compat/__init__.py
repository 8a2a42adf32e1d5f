"""Façades with the names and signatures of other libraries over the models of this one."""
