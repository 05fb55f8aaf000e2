"""Being here puts this folder on the path, for what the folders below share: `incident`."""
