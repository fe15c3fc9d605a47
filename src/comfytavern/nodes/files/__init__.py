"""Files of the user, of a project, or shared."""
