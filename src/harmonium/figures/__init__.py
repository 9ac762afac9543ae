"""Arrays in, matplotlib axes out."""

from harmonium.extras import require

require("figures", "matplotlib")
