#!/bin/sh
# The site runs this once, as root and with network, when it builds the image.
# The variables are for rehearsals; the site sets none of them.
set -eu
umask 022
root=${GRADLAB_ROOT:-/autograder}
packages=${GRADLAB_PACKAGES:-/opt/gradlab}
python=${GRADLAB_PYTHON:-python3}

# What lies here is for root alone: hidden checks and expected values.
chmod -R go= "$root/source"

if ! "$python" -m pip --version >/dev/null 2>&1; then
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends python3-pip
fi

# Into a folder of its own: the packages of the site's own harness stay as they are.
"$python" -m pip install --quiet --no-input --disable-pip-version-check --root-user-action=ignore \
  --no-compile --only-binary=:all: --upgrade --target "$packages" -r "$root/source/requirements.txt"
# Compiled here, so that no submission waits for it; packages' own tests are never imported.
"$python" -m compileall -q -x '/tests/' "$packages" "$root/source/lib"

cd "$root/source/lib"
PYTHONPATH=$packages "$python" -s -m autograder.gradescope prepare "$root"
