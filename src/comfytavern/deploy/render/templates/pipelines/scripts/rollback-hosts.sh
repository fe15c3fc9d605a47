[% include "pipelines/scripts/_connect.sh" %]
date +%s >begun.log
[% include "pipelines/scripts/_tags.sh" %]
comfytavern deploy rollback ${RELEASE:+"$RELEASE"} --target "$DEPLOY_TARGET" --yes --wait 900 --no-notify 2>&1 | tee deploy.log
