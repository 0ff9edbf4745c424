"""Pages and pictures of the documentation, and the builder of the site in `site`; not part of the package."""
