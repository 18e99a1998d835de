"""When it happens: cycles and traffic, without RTL."""
