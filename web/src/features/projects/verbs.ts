import { useI18n } from 'vue-i18n'
import { exportProject, useProjectChanges } from '@/api/projects'
import type { Project, WorkflowSummary } from '@/api/types'
import { exportWorkflow, useWorkflowChanges } from '@/api/workflows'
import { useNotice } from '@/design/notice'
import { download } from '@/lib/download'

/** What can be done to a workflow from any list of them. Moving to the trash needs no question: it can be taken back. */
export function useWorkflowVerbs() {
  const { t } = useI18n()
  const notice = useNotice()
  const changes = useWorkflowChanges()
  return {
    duplicate: ({ id, name, project_id }: WorkflowSummary) =>
      changes.copy.mutateAsync({ id, name: t('projects.workflow.copyName', { name }), project_id }).then((made) => notice.done(t('projects.workflow.duplicated', { name: made.name })), notice.failed),
    exportOne: ({ id, name }: WorkflowSummary) => exportWorkflow(id).then((bundle) => download(name, bundle), notice.failed),
    discard: ({ id, name }: WorkflowSummary) =>
      changes.discard.mutateAsync(id).then(() => notice.undoable(t('projects.discarded', { name }), t('projects.undo'), () => changes.restore.mutate(id, { onError: notice.failed })), notice.failed),
  }
}

/** What can be done to a project besides opening it. */
export function useProjectVerbs() {
  const { t } = useI18n()
  const notice = useNotice()
  const changes = useProjectChanges()
  return {
    exportOne: ({ id, name }: Project) => exportProject(id).then((bundle) => download(name, bundle), notice.failed),
    discard: ({ id, name }: Project) =>
      changes.discard.mutateAsync(id).then(() => notice.undoable(t('projects.discarded', { name }), t('projects.undo'), () => changes.restore.mutate(id, { onError: notice.failed })), notice.failed),
  }
}
