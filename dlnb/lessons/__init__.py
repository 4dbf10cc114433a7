"""Demonstrations of the chapters: the theorem and its proof in steps, two codes that explain the same images equally
well, a model in which everything can be computed by hand, and small examples of codes that scores judge differently.
"""
