[% include "pipelines/scripts/_begun.sh" %]
if [ -n "${ACTIONS_ID_TOKEN_REQUEST_URL:-}" ]; then
  printf 'header = "Authorization: bearer %s"\n' "$ACTIONS_ID_TOKEN_REQUEST_TOKEN" >"$files/curl"
  curl -fsS --config "$files/curl" "$ACTIONS_ID_TOKEN_REQUEST_URL&audience=sts.amazonaws.com" | .venv/bin/python -c 'import json, sys; print(json.load(sys.stdin)["value"], end="")' >"$files/token"
  export AWS_WEB_IDENTITY_TOKEN_FILE="$files/token"
elif [ -n "${AWS_ID_TOKEN:-}" ]; then
  printf '%s' "$AWS_ID_TOKEN" >"$files/token"
  export AWS_WEB_IDENTITY_TOKEN_FILE="$files/token"
fi
export AWS_DEFAULT_REGION=$AWS_REGION AWS_PAGER=""
place=(--cluster "$ECS_CLUSTER" --service "$ECS_SERVICE")
serving() { aws ecs describe-services --cluster "$ECS_CLUSTER" --services "$ECS_SERVICE" --query 'services[0].taskDefinition' --output text; }
tag() { aws ecs list-tags-for-resource --resource-arn "$1" --query "tags[?key=='$2'].value | [0]" --output text; }
go() {
  aws ecs update-service "${place[@]}" --task-definition "$1" --query service.status --output text
  aws ecs wait services-stable --cluster "$ECS_CLUSTER" --services "$ECS_SERVICE" || failed "The service did not become stable."
  [ "$(serving)" = "$1" ] || failed "ECS took the service back to $(serving)."
}
