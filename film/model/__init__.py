"""The FiLM network: question to γ and β, picture to maps, maps to an answer."""
