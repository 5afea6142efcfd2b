"""As-of providers: the same questions to recordings and to the vendor's REST side, with the same answers."""
