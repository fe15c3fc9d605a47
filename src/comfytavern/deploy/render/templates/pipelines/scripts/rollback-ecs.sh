[% include "pipelines/scripts/_ecs.sh" %]
[% include "pipelines/scripts/_tags.sh" %]
now=$(serving)
family=${now##*/}
family=${family%:*}
for each in $(aws ecs list-task-definitions --family-prefix "$family" --sort DESC --query 'taskDefinitionArns[]' --output text); do
  if [ "$each" != "$now" ] && [ "$(tag "$each" good)" = yes ] && { [ -z "${RELEASE:-}" ] || [ "$(tag "$each" release)" = "$RELEASE" ]; }; then
    if [ -n "${RELEASE:-}" ] || [ "${each##*:}" -lt "${now##*:}" ]; then
      go "$each"
      exit 0
    fi
  fi
done
failed "There is no ${RELEASE:-earlier release} that ever served in $family."
