#!/bin/sh
# Draws the deployment's secrets and writes them as NAME=value lines, for deploy/.env or a Kubernetes secret:
#
#   (umask 077; sh deploy/secrets.sh > deploy/.env)
#
# Draw them once. KEY_SECRET is part of every API key that is made: another one makes all of them worthless.
set -eu

drawn() { head -c 32 /dev/urandom | od -An -v -tx1 | tr -d ' \n'; }

echo "REDIS_PASSWORD=$(drawn)"
echo "S3_ACCESS_KEY=pentimento-$(drawn | cut -c 1-8)"
echo "S3_SECRET_KEY=$(drawn)"
echo "ADMIN_KEY=$(drawn)"
echo "KEY_SECRET=$(drawn)"
echo "METRICS_KEY=$(drawn)"
echo "WEBHOOK_SECRET=whsec_$(head -c 32 /dev/urandom | base64)"
echo "GRAFANA_PASSWORD=$(drawn | cut -c 1-16)"
