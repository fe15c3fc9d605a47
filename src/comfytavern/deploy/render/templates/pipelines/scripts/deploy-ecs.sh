[% include "pipelines/scripts/_ecs.sh" %]
[% include "pipelines/scripts/_images.sh" %]
.venv/bin/python - "ecs/$TARGET/task-definition.json" "$backend" "$frontend" >"$files/task.json" <<'END'
import json, sys
task = json.load(open(sys.argv[1], encoding="utf-8"))
for container in task["containerDefinitions"]:
    for part, image in zip(("backend", "frontend"), sys.argv[2:], strict=True):
        if f"comfytavern-{part}" in container["image"]:
            container["image"] = image
print(json.dumps(task))
END
new=$(aws ecs register-task-definition --cli-input-json "file://$files/task.json" --tags "key=release,value=$release" --query taskDefinition.taskDefinitionArn --output text)
go "$new"
aws ecs tag-resource --resource-arn "$new" --tags "key=good,value=yes"
