"""The entrance of relcheck: it opens if the packages behind it are ours.

The index has packages of other people whose import names, or whose command, are those of relcheck.
Where one is installed beside it, the two overwrite each other's files. So the command and the
plug-in of pytest begin here, under the one name that is nobody else's.
"""
