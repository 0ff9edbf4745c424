"""The documentation site: `python -m docs.site` builds it from docs/ and from the code.

`sources.py` says which pages there are; the modules beside it write those that are generated. `conf.py` is Sphinx's
configuration. Nothing but `conf.py` and `__main__.py` needs Sphinx, so that tests can ask what the reference has without a build.
"""
