[% include "pipelines/scripts/_connect.sh" %]
date +%s >begun.log
comfytavern deploy apply dist/ci/comfytavern-*.tar.zst --target "$DEPLOY_TARGET" --yes --wait 900 --no-notify 2>&1 | tee deploy.log
