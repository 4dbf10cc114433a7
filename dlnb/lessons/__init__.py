"""What chapters demonstrate: the theorem and its proof in steps, pictures that two codes explain equally well, a model
of which everything can be computed by hand, and small examples of codes that scores judge differently.
"""
