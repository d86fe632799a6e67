"""CLEVR on disk, and its way into batches.

``clevr`` reads the released files, ``prepare`` turns them into a store of one
HDF5 file per split, ``dataset`` serves batches from such a store. Importing this
package imports nothing: ``programs`` and ``progress`` load without torch and
without NumPy.
"""
