"""Takes a release from a checkout to servers, checks it, and takes it back. Imports kernel only."""
