"""Readers of foreign files: cities, cameras and walks from OpenStreetMap, GeoJSON, KML, GeoPackage, CSV and GPX."""
