"""The report as one HTML page that needs nothing but itself: no network, no script, charts as inline SVG."""
