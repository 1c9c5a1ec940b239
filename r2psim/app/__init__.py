"""The pages in the browser: explore a world, compare policies, hold a seminar. They show the model and hold none of it.

`pages.py` has the table of pages; a page is a module with a component `Page`. Nothing heavy is imported here.
"""
