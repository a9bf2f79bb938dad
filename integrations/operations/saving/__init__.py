"""Saves definitions: check, lock, write, audit, rename, publish.

`problems` of a store and its `save` refuse for the same reasons. A rename rewrites what refers to the tag in the same
transaction; deleting what is in use is refused with the list of places.
"""
