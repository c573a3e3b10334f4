"""HTTP: health, figures, live state and the API. No rule of the trade lives here."""
