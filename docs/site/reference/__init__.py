"""The reference, from the code: public names, plug-ins, commands and examples."""
