"""The class-conditional variational autoencoder: measured, tuned and named as the plain one."""

from __future__ import annotations

from dataclasses import replace

from harmonium.families.vae import FAMILY as PLAIN

FAMILY = replace(PLAIN, name="conditional-vae", estimator="harmonium.estimators.conditional_vae:ConditionalVAE")
