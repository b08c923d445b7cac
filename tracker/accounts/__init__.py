"""People's accounts: sign-up, sign-in, second factors, providers, and the pages on which people look after them."""
