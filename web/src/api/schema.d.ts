// Generated from schemas/openapi.json by `npm run api:types`. Do not edit.
export interface paths {
    "/api/channels": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Channels
         * @description List the channels; keys are never returned.
         */
        get: operations["list_channels"];
        put?: never;
        /**
         * Create Channel
         * @description Add a channel.
         */
        post: operations["create_channel"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/channels/{channel_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Channel
         * @description Return a channel.
         */
        get: operations["get_channel"];
        put?: never;
        post?: never;
        /**
         * Delete Channel
         * @description Remove a channel and its key.
         */
        delete: operations["delete_channel"];
        options?: never;
        head?: never;
        /**
         * Change Channel
         * @description Change a channel.
         */
        patch: operations["change_channel"];
        trace?: never;
    };
    "/api/channels/{channel_id}/discover": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Discover Models
         * @description Ask the provider which models it has, and remember them.
         */
        post: operations["discover_models"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/channels/{channel_id}/test": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Test Channel
         * @description Make one real, small call and tell what came of it.
         */
        post: operations["test_channel"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/examples": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Examples
         * @description List the workflows that can be opened from the start page.
         */
        get: operations["list_examples"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/examples/{example_id}/open": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Open Example
         * @description Copy an example into a project, as a workflow of one's own.
         */
        post: operations["open_example"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/files": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Files
         * @description List a folder.
         */
        get: operations["list_files"];
        put?: never;
        post?: never;
        /**
         * Delete File
         * @description Delete a file, or a folder with all that is in it.
         */
        delete: operations["delete_file"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/files/content": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read File
         * @description Return the bytes of a file. Types that a browser would run are sent as downloads.
         */
        get: operations["read_file"];
        /**
         * Write File
         * @description Store the request body as a file; 409 `file.exists` unless `overwrite`.
         */
        put: operations["write_file"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/files/move": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Move File
         * @description Rename or move a file or folder.
         */
        post: operations["move_file"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/graphs/validate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Validate Graph
         * @description Return every problem of a graph at once.
         */
        post: operations["validate_graph"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/kinds": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Kinds
         * @description Return every kind of node. Sends an ETag, and 304 when the client has this state already.
         */
        get: operations["list_kinds"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/login": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Login
         * @description Log in; the answer sets the session cookie. Anonymous.
         */
        post: operations["login"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/logout": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Logout
         * @description End this session. A bearer token stays good until it runs out.
         */
        post: operations["logout"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/models": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Models
         * @description List the models that nodes can name.
         */
        get: operations["list_models"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/projects": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Projects
         * @description List one's projects, or those in the trash.
         */
        get: operations["list_projects"];
        put?: never;
        /**
         * Create Project
         * @description Make a project.
         */
        post: operations["create_project"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/projects/{project_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Project
         * @description Return a project.
         */
        get: operations["get_project"];
        put?: never;
        post?: never;
        /**
         * Trash Project
         * @description Move a project to the trash.
         */
        delete: operations["trash_project"];
        options?: never;
        head?: never;
        /**
         * Change Project
         * @description Rename or describe a project.
         */
        patch: operations["change_project"];
        trace?: never;
    };
    "/api/projects/{project_id}/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Export Project
         * @description Return the project with its workflows as one JSON document to keep.
         */
        get: operations["export_project"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/projects/{project_id}/restore": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Restore Project
         * @description Take a project out of the trash.
         */
        post: operations["restore_project"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/projects/{project_id}/workflows": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Workflows
         * @description List the workflows of a project, without their graphs.
         */
        get: operations["list_workflows"];
        put?: never;
        /**
         * Create Workflow
         * @description Make a workflow, empty or with a graph.
         */
        post: operations["create_workflow"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/projects/{project_id}/workflows/import": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Import Workflow
         * @description Make a workflow from an exported one.
         */
        post: operations["import_workflow"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/projects/import": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Import Project
         * @description Make a project from an exported one, with all its workflows.
         */
        post: operations["import_project"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/queue": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Queue
         * @description Return one's own runs that run or wait for their turn.
         */
        get: operations["get_queue"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/runs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Runs
         * @description List one's runs, the latest first.
         */
        get: operations["list_runs"];
        put?: never;
        /**
         * Start Run
         * @description Start a run: returns its id at once, the whole run when it is finished, or its events as they happen.
         */
        post: operations["start_run"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/runs/{run_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Run
         * @description Return a run as it is now; events after its `seq` continue it.
         */
        get: operations["get_run"];
        put?: never;
        post?: never;
        /**
         * Delete Run
         * @description Remove a finished run from the history.
         */
        delete: operations["delete_run"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/runs/{run_id}/answers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Answer Run
         * @description Answer a question a run has asked; the second answer is refused with 409 `run.answered`.
         */
        post: operations["answer_run"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/runs/{run_id}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Cancel Run
         * @description Stop a run, or one node of it.
         */
        post: operations["cancel_run"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/runs/{run_id}/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Events
         * @description Return events after a sequence number; with `Accept: text/event-stream`, go on with those to come.
         */
        get: operations["list_events"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/runs/{run_id}/nodes/{path}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Node
         * @description Return the inputs and outputs of one node of a run, in full.
         */
        get: operations["get_node"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/runs/{run_id}/unknown": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Resolve Unknown
         * @description Say what to do about an effect whose outcome a crash has hidden.
         */
        post: operations["resolve_unknown"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/session": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Session
         * @description Return who is logged in.
         */
        get: operations["get_session"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/session/password": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Change Password
         * @description Replace one's password. Every other session and every bearer token ends.
         */
        put: operations["change_password"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/session/preferences": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Save Preferences
         * @description Replace one's preferences (an object that only clients read, at most 64 KiB).
         */
        put: operations["save_preferences"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/sessions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Sessions
         * @description List where one is logged in, the newest first.
         */
        get: operations["list_sessions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/sessions/{session_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * End Session
         * @description Log out elsewhere.
         */
        delete: operations["end_session"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/setup": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Setup
         * @description Tell whether the owner has still to be created. Anonymous.
         */
        get: operations["get_setup"];
        put?: never;
        /**
         * Create Owner
         * @description Create the owner with the one-time token, and log in. Anonymous.
         */
        post: operations["create_owner"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/status": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Status
         * @description Return what this server is, does and has (owner only).
         */
        get: operations["get_status"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/status/history": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get History
         * @description Return the last hour of this process (owner only).
         */
        get: operations["get_history"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/status/releases": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Releases
         * @description Return the slots, releases and ledger of this host, when it was deployed by `comfytavern deploy` (owner only).
         */
        get: operations["get_releases"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/token": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Create Token
         * @description Return a bearer token for programs. Anonymous.
         */
        post: operations["create_token"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/trash": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Trash
         * @description List projects and workflows in the trash, the latest first.
         */
        get: operations["list_trash"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/trash/{item_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Purge
         * @description Delete a project or workflow in the trash for good.
         */
        delete: operations["purge"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/users": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Users
         * @description List people (owner only).
         */
        get: operations["list_users"];
        put?: never;
        /**
         * Create User
         * @description Add a person (owner only).
         */
        post: operations["create_user"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/users/{user_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Delete User
         * @description Remove a person with everything that is theirs (owner only; not oneself).
         */
        delete: operations["delete_user"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/watching": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Watching
         * @description Tell whether anybody wants to know of mistakes of the web app, and what it has to say with them. Anonymous.
         */
        get: operations["get_watching"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/watching/errors": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Report Errors
         * @description Take an envelope of Sentry and pass it on, without secrets. Anonymous.
         */
        post: operations["report_errors"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/workflows/{workflow_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Workflow
         * @description Return a workflow with the graph of its newest version.
         */
        get: operations["get_workflow"];
        /**
         * Save Workflow
         * @description Save a version. A graph with problems may be saved; it cannot run.
         */
        put: operations["save_workflow"];
        post?: never;
        /**
         * Trash Workflow
         * @description Move a workflow to the trash.
         */
        delete: operations["trash_workflow"];
        options?: never;
        head?: never;
        /**
         * Change Workflow
         * @description Rename or describe a workflow.
         */
        patch: operations["change_workflow"];
        trace?: never;
    };
    "/api/workflows/{workflow_id}/copy": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Copy Workflow
         * @description Save as: make a new workflow from this one and leave it alone.
         */
        post: operations["copy_workflow"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/workflows/{workflow_id}/diff": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Diff Versions
         * @description Compare two versions part by part.
         */
        get: operations["diff_versions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/workflows/{workflow_id}/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Export Workflow
         * @description Return the workflow as one JSON document to keep.
         */
        get: operations["export_workflow"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/workflows/{workflow_id}/restore": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Restore Workflow
         * @description Take a workflow out of the trash.
         */
        post: operations["restore_workflow"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/workflows/{workflow_id}/versions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Versions
         * @description List the versions of a workflow, the newest first.
         */
        get: operations["list_versions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/workflows/{workflow_id}/versions/{number}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Version
         * @description Return one version with its graph.
         */
        get: operations["get_version"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/workflows/{workflow_id}/versions/{number}/restore": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Restore Version
         * @description Make an old version the newest one, as a new version.
         */
        post: operations["restore_version"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Health
         * @description Answer that the process lives.
         */
        get: operations["health"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Metrics
         * @description Return what this process has counted, in Prometheus' text form. For programs on this machine, others need METRICS_TOKEN.
         */
        get: operations["metrics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/ready": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Ready
         * @description Answer whether people may be sent here, check by check, and who is here.
         */
        get: operations["ready"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/version": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Version
         * @description Answer what runs here, since when, and which databases it can use.
         */
        get: operations["version"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /**
         * AnswerRequest
         * @description An answer to a question a run has asked.
         */
        AnswerRequest: {
            /** Token */
            token: string;
            /** Value */
            value?: unknown;
        };
        /**
         * CancelRequest
         * @description Stops the run, or one node of it.
         */
        CancelRequest: {
            /** Path */
            path?: string | null;
        };
        /**
         * Catalogue
         * @description Every kind of node; `digest` changes when any of them does.
         */
        Catalogue: {
            /** Digest */
            digest: string;
            /** Kinds */
            kinds: components["schemas"]["Kind"][];
        };
        /**
         * Channel
         * @description A way to reach models. The key is never returned, and of the headers only their names.
         */
        Channel: {
            /** Base Url */
            base_url: string;
            /**
             * Created At
             * Format: date-time
             */
            created_at: string;
            /** Enabled */
            enabled: boolean;
            /** Fallback */
            fallback: boolean;
            /** Has Key */
            has_key: boolean;
            /** Headers */
            headers: {
                [key: string]: string;
            };
            /** Id */
            id: string;
            /** Models */
            models: components["schemas"]["ChannelModel"][];
            /** Name */
            name: string;
            /** Priority */
            priority: number;
            /** Profile */
            profile: string;
            /**
             * Provider
             * @enum {string}
             */
            provider: "demo" | "openai-compatible";
            /** Weight */
            weight: number;
        };
        /**
         * ChannelChange
         * @description Changes what is given; a key of null or of no letters removes the key.
         */
        ChannelChange: {
            /** Base Url */
            base_url?: string | null;
            /** Enabled */
            enabled?: boolean | null;
            /** Fallback */
            fallback?: boolean | null;
            /** Headers */
            headers?: {
                [key: string]: string;
            } | null;
            /** Key */
            key?: string | null;
            /** Models */
            models?: components["schemas"]["TypedModel"][] | null;
            /** Name */
            name?: string | null;
            /** Priority */
            priority?: number | null;
            /** Profile */
            profile?: string | null;
            /** Weight */
            weight?: number | null;
        };
        /**
         * ChannelModel
         * @description A model that a channel offers.
         */
        ChannelModel: {
            /** Capabilities */
            capabilities: string[];
            /** Context Tokens */
            context_tokens: number | null;
            /** Enabled */
            enabled: boolean;
            /** Manual */
            manual: boolean;
            /** Name */
            name: string;
        };
        /**
         * ChannelPage
         * @description All channels, the oldest first.
         */
        ChannelPage: {
            /** Items */
            items: components["schemas"]["Channel"][];
            /** Next */
            next?: string | null;
        };
        /**
         * ChannelTest
         * @description What a real call to the provider brought.
         */
        ChannelTest: {
            /** Latency Ms */
            latency_ms: number;
            /** Model */
            model: string;
            /** Ok */
            ok: boolean;
            problem: components["schemas"]["Trouble"] | null;
            /** Reply */
            reply: string;
        };
        /**
         * ChunkSeen
         * @description The newest chunk of a stream that is not text (latest wins, older ones may be left out).
         */
        ChunkSeen: {
            epoch?: number;
            index: number;
            /** @enum {unknown} */
            kind: "chunk";
            path: string;
            port: string;
            seq?: number;
            t?: number;
            value: unknown;
        };
        /**
         * QueuedRun
         * @description A run that waits for its turn.
         */
        comfytavern__api__schemas__runs__QueuedRun: {
            /** Id */
            id: string;
            /** Position */
            position: number;
            /** Workflow Id */
            workflow_id?: string | null;
            /** Workflow Name */
            workflow_name?: string | null;
        };
        /**
         * QueuedRun
         * @description A run that is not over, whoever's it is.
         */
        comfytavern__api__schemas__status__QueuedRun: {
            /**
             * Created At
             * Format: date-time
             */
            created_at: string;
            /** Here */
            here: boolean;
            /** Id */
            id: string;
            /** Source */
            source: string;
            /** Started At */
            started_at: string | null;
            /**
             * State
             * @enum {string}
             */
            state: "queued" | "running" | "waiting";
            /** User */
            user: string;
            /** Workflow Name */
            workflow_name: string | null;
        };
        /**
         * Control
         * @description Kinds whose meaning the engine itself knows.
         * @enum {unknown}
         */
        Control: "" | "call" | "group" | "input" | "loop" | "map" | "note" | "output" | "race";
        /**
         * Counts
         * @description What has happened since this process began.
         */
        Counts: {
            /** Errors */
            errors: number;
            /** Exceptions */
            exceptions: number;
            /** Input Tokens */
            input_tokens: number;
            /** Output Tokens */
            output_tokens: number;
            /** Requests */
            requests: number;
            /** Runs Cancelled */
            runs_cancelled: number;
            /** Runs Failed */
            runs_failed: number;
            /** Runs Ok */
            runs_ok: number;
            /** Runs Started */
            runs_started: number;
        };
        /**
         * DatabaseState
         * @description What keeps everything.
         */
        DatabaseState: {
            /** Kind */
            kind: string;
            levels: components["schemas"]["SchemaState"];
            /** Size Bytes */
            size_bytes: number | null;
        };
        /**
         * Deployed
         * @description What `comfytavern deploy` keeps on this host; read-only.
         */
        Deployed: {
            /** Deployed */
            deployed: boolean;
            /** Driver */
            driver?: string | null;
            /** Ledger */
            ledger?: components["schemas"]["LedgerEntry"][];
            /**
             * Problem
             * @default
             * @enum {string}
             */
            problem?: "" | "unreadable";
            /** Releases */
            releases?: components["schemas"]["InstalledRelease"][];
            /** Slots */
            slots?: components["schemas"]["SlotState"][];
        };
        /**
         * Diff
         * @description The difference of two versions.
         */
        Diff: {
            frames: components["schemas"]["PartsDiff"];
            groups: components["schemas"]["GroupsDiff"];
            interface: components["schemas"]["InterfaceDiff"];
            nodes: components["schemas"]["PartsDiff"];
            wires: components["schemas"]["WiresDiff"];
        };
        /**
         * Discovery
         * @description What the provider lists now, and what was typed in by hand.
         */
        Discovery: {
            /** Models */
            models: components["schemas"]["ChannelModel"][];
        };
        /**
         * Disk
         * @description The disk that holds the data folder.
         */
        Disk: {
            /** Folder */
            folder: string;
            /** Free Bytes */
            free_bytes: number;
            /** Total Bytes */
            total_bytes: number;
        };
        /**
         * Effect
         * @description What running a node does to the world; decides caching and retries (semantics, section 1).
         * @enum {unknown}
         */
        Effect: "effect" | "nondet" | "pure";
        /**
         * End
         * @description One end of a wire: `[node id, port id]`.
         */
        End: [
            string,
            string
        ];
        /**
         * Entry
         * @description A file or a folder.
         */
        Entry: {
            /**
             * Kind
             * @enum {string}
             */
            kind: "file" | "folder";
            /** Media Type */
            media_type: string | null;
            /** Modified At */
            modified_at: string | null;
            /** Name */
            name: string;
            /** Size Bytes */
            size_bytes: number | null;
            /** Uri */
            uri: string;
        };
        /**
         * EntryPage
         * @description What a folder holds, folders first.
         */
        EntryPage: {
            /** Items */
            items: components["schemas"]["Entry"][];
            /** Next */
            next?: string | null;
        };
        /**
         * Errors
         * @description Where, and as what.
         */
        Errors: {
            /** Dsn */
            dsn: string;
            /** Environment */
            environment: string;
            /** Release */
            release: string;
        };
        /**
         * Example
         * @description A workflow that opens from the start page.
         */
        Example: {
            /** Description */
            description: string;
            /** Icon */
            icon: string;
            /** Id */
            id: string;
            /** Nodes */
            nodes: number;
            /** Title */
            title: string;
            /** Words */
            words: {
                [key: string]: unknown;
            };
        };
        /**
         * ExampleOpen
         * @description Where the copy goes (without a project, into the one changed last; made when there is none), and in which language.
         *
         *     Without a language: the preference `locale` of the person, else what the browser accepts, else English.
         */
        ExampleOpen: {
            /** Language */
            language?: string | null;
            /** Project Id */
            project_id?: string | null;
        };
        /**
         * ExamplePage
         * @description All examples in the order of the start page.
         */
        ExamplePage: {
            /** Items */
            items: components["schemas"]["Example"][];
            /** Next */
            next?: string | null;
        };
        /**
         * Frame
         * @description A comment box. It never affects a run.
         */
        Frame: {
            extra?: Record<string, unknown>;
            frame?: string | null;
            id: string;
            look?: Record<string, unknown>;
            name?: string;
            note?: string;
        };
        /**
         * Graph
         * @description A whole document.
         */
        Graph: {
            extra?: Record<string, unknown>;
            format?: string;
            frames?: components["schemas"]["Frame"][];
            groups?: components["schemas"]["Group"][];
            interface?: components["schemas"]["Interface"];
            look?: Record<string, unknown>;
            nodes?: components["schemas"]["Node"][];
            version?: number;
            wires?: components["schemas"]["Wire"][];
        };
        /**
         * Group
         * @description A local group, used through `values["group"] = id`. A library group is used through `values["workflow"]` and `values["version"]`.
         */
        Group: {
            description?: string;
            extra?: Record<string, unknown>;
            frames?: components["schemas"]["Frame"][];
            id: string;
            interface?: components["schemas"]["Interface"];
            look?: Record<string, unknown>;
            name?: string;
            nodes?: components["schemas"]["Node"][];
            wires?: components["schemas"]["Wire"][];
        };
        /**
         * GroupChange
         * @description A local group that is in both versions, with what changed inside.
         */
        GroupChange: {
            /** Fields */
            fields: string[];
            frames: components["schemas"]["PartsDiff"];
            /** Id */
            id: string;
            interface: components["schemas"]["InterfaceDiff"];
            nodes: components["schemas"]["PartsDiff"];
            wires: components["schemas"]["WiresDiff"];
        };
        /**
         * GroupsDiff
         * @description What was added, removed and changed of local groups.
         */
        GroupsDiff: {
            /** Added */
            added: string[];
            /** Changed */
            changed: components["schemas"]["GroupChange"][];
            /** Removed */
            removed: string[];
        };
        /**
         * Health
         * @description The process answers.
         */
        Health: {
            /**
             * Status
             * @constant
             */
            status: "ok";
        };
        /**
         * History
         * @description Up to an hour of this process, as columns of one length, oldest first. Rates and counts are of the time since the row before.
         */
        History: {
            /** At */
            at: number[];
            /** Errors Per S */
            errors_per_s: number[];
            /** Every S */
            every_s: number;
            /** Machine Cpu Percent */
            machine_cpu_percent: (number | null)[];
            /** Machine Memory Percent */
            machine_memory_percent: (number | null)[];
            /** P50 Ms */
            p50_ms: (number | null)[];
            /** P95 Ms */
            p95_ms: (number | null)[];
            /** Process Cpu Percent */
            process_cpu_percent: (number | null)[];
            /** Process Memory Bytes */
            process_memory_bytes: (number | null)[];
            /** Requests Per S */
            requests_per_s: number[];
            /** Runs Failed */
            runs_failed: number[];
            /** Runs Open */
            runs_open: number[];
            /** Runs Started */
            runs_started: number[];
        };
        /**
         * InstalledRelease
         * @description A release on this host.
         */
        InstalledRelease: {
            /** Commit */
            commit: string;
            /** Current */
            current: boolean;
            /** Id */
            id: string;
            /**
             * Installed At
             * Format: date-time
             */
            installed_at: string;
            /** Level */
            level: number | null;
            /** Previous Good */
            previous_good: boolean;
            /** Version */
            version: string;
        };
        /**
         * Interface
         * @description What a graph takes and gives when it is used as a group, an app or an endpoint.
         */
        Interface: {
            extra?: Record<string, unknown>;
            inputs?: components["schemas"]["Port"][];
            outputs?: components["schemas"]["Port"][];
        };
        /**
         * InterfaceDiff
         * @description What differs of a graph's own inputs and outputs.
         */
        InterfaceDiff: {
            inputs: components["schemas"]["PartsDiff"];
            outputs: components["schemas"]["PartsDiff"];
        };
        /**
         * Kind
         * @description A kind of node. `id` is `family.name`; `version` grows with every change that needs a migration of saved values.
         */
        Kind: {
            bypass?: {
                [key: string]: string;
            };
            control?: components["schemas"]["Control"];
            deprecated?: string;
            description: string;
            dynamic_inputs?: string;
            dynamic_outputs?: string;
            effect?: components["schemas"]["Effect"];
            example?: Record<string, unknown>;
            family?: string;
            icon?: string;
            id: string;
            inputs?: components["schemas"]["Port"][];
            keywords?: string[];
            modes?: {
                [key: string]: string[];
            };
            outputs?: components["schemas"]["Port"][];
            title: string;
            version?: number;
            words?: {
                [key: string]: components["schemas"]["Words"];
            };
        };
        /**
         * LedgerEntry
         * @description One attempt to deploy.
         */
        LedgerEntry: {
            /** At */
            at: string;
            /**
             * By
             * @default
             */
            by?: string;
            /** Deploy */
            deploy: string;
            /**
             * Note
             * @default
             */
            note?: string;
            /** Outcome */
            outcome: string;
            /** Previous */
            previous?: string | null;
            /** Release */
            release: string;
        };
        /**
         * LoginPage
         * @description Where one is logged in, the newest first.
         */
        LoginPage: {
            /** Items */
            items: components["schemas"]["LoginPlace"][];
            /** Next */
            next?: string | null;
        };
        /**
         * LoginPlace
         * @description A place where one is logged in.
         */
        LoginPlace: {
            /** Address */
            address: string;
            /** Agent */
            agent: string;
            /**
             * Created At
             * Format: date-time
             */
            created_at: string;
            /** Current */
            current: boolean;
            /**
             * Expires At
             * Format: date-time
             */
            expires_at: string;
            /** Id */
            id: string;
            /**
             * Seen At
             * Format: date-time
             */
            seen_at: string;
        };
        /**
         * LoginRequest
         * @description Name and password.
         */
        LoginRequest: {
            /** Name */
            name: string;
            /** Password */
            password: string;
        };
        /**
         * MachineState
         * @description What the machine has, and what all its processes together use; null where the system does not tell.
         */
        MachineState: {
            /** Cores */
            cores: number;
            /** Cpu Percent */
            cpu_percent: number | null;
            disk: components["schemas"]["Disk"];
            /** Host */
            host: string;
            /** Load */
            load: number[] | null;
            /** Memory Available Bytes */
            memory_available_bytes: number | null;
            /** Memory Total Bytes */
            memory_total_bytes: number | null;
        };
        /**
         * Model
         * @description A model that nodes can name by `id`.
         */
        Model: {
            /** Capabilities */
            capabilities: string[];
            /** Channel Id */
            channel_id: string;
            /** Channel Name */
            channel_name: string;
            /** Context Tokens */
            context_tokens: number | null;
            /** Enabled */
            enabled: boolean;
            /** Id */
            id: string;
            /** Name */
            name: string;
        };
        /**
         * ModelPage
         * @description Models of all enabled channels.
         */
        ModelPage: {
            /** Items */
            items: components["schemas"]["Model"][];
            /** Next */
            next?: string | null;
        };
        /**
         * MoveRequest
         * @description Renames or moves.
         */
        MoveRequest: {
            /** From */
            from: string;
            /** To */
            to: string;
        };
        /**
         * NewChannel
         * @description Adds a channel; the key is encrypted at rest.
         */
        NewChannel: {
            /**
             * Base Url
             * @default
             */
            base_url?: string;
            /** Enabled */
            enabled?: boolean | null;
            /** Fallback */
            fallback?: boolean | null;
            /** Headers */
            headers?: {
                [key: string]: string;
            } | null;
            /** Key */
            key?: string | null;
            /** Models */
            models?: components["schemas"]["TypedModel"][] | null;
            /** Name */
            name: string;
            /** Priority */
            priority?: number | null;
            /** Profile */
            profile?: string | null;
            /**
             * Provider
             * @enum {string}
             */
            provider: "demo" | "openai-compatible";
            /** Weight */
            weight?: number | null;
        };
        /**
         * NewProject
         * @description Makes a project.
         */
        NewProject: {
            /**
             * Description
             * @default
             */
            description?: string;
            /** Name */
            name: string;
        };
        /**
         * NewUser
         * @description Adds a person.
         */
        NewUser: {
            /** Name */
            name: string;
            /** Password */
            password: string;
            /**
             * Role
             * @default member
             * @enum {string}
             */
            role?: "owner" | "member";
        };
        /**
         * NewWorkflow
         * @description Makes a workflow; without a graph it is empty.
         */
        NewWorkflow: {
            /**
             * Description
             * @default
             */
            description?: string;
            /** Graph */
            graph?: components["schemas"]["Graph"] | null;
            /** Name */
            name: string;
        };
        /**
         * Node
         * @description One node. `values` holds what was typed into its inputs, by port id.
         */
        Node: {
            description?: string;
            extra?: Record<string, unknown>;
            frame?: string | null;
            id: string;
            kind: string;
            kind_version?: number;
            look?: Record<string, unknown>;
            mode?: string;
            name?: string;
            pins?: Record<string, unknown>;
            policy?: components["schemas"]["Policy"];
            values?: Record<string, unknown>;
        };
        /**
         * NodeDetail
         * @description One node of a run: its values in full.
         */
        NodeDetail: {
            /** Inputs */
            inputs: {
                [key: string]: unknown;
            };
            /** Outputs */
            outputs: {
                [key: string]: unknown;
            };
            /** Path */
            path: string;
            /** State */
            state: string;
        };
        /**
         * NodeLog
         * @description A line written by a node or by the engine about it.
         */
        NodeLog: {
            /** @enum {unknown} */
            kind: "log";
            level: string;
            message: string;
            path: string;
            seq?: number;
            t?: number;
        };
        /**
         * NodesChanged
         * @description Nodes changed state: the last state of each since the previous event of this kind.
         */
        NodesChanged: {
            /** @enum {unknown} */
            kind: "nodes";
            nodes: [
                string,
                string,
                number | null,
                Record<string, unknown> | null
            ][];
            seq?: number;
            t?: number;
        };
        /**
         * Open
         * @description What is still under way here.
         */
        Open: {
            /** Requests */
            requests: number;
            /** Runs */
            runs: number;
            /** Sockets */
            sockets: number;
            /** Streams */
            streams: number;
        };
        /**
         * PartChange
         * @description A node, wire, frame or group that is in both versions, and the names of its members that differ.
         */
        PartChange: {
            /** Fields */
            fields: string[];
            /** Id */
            id: string;
        };
        /**
         * PartsDiff
         * @description What was added, removed and changed of one sort of parts, by id.
         */
        PartsDiff: {
            /** Added */
            added: string[];
            /** Changed */
            changed: components["schemas"]["PartChange"][];
            /** Removed */
            removed: string[];
        };
        /**
         * PasswordChange
         * @description Replaces one's own password; every other session ends.
         */
        PasswordChange: {
            /** New */
            new: string;
            /** Old */
            old: string;
        };
        /**
         * Policy
         * @description What to do when a node fails, and how long it may take (semantics, section 6 and K3).
         */
        Policy: {
            backoff_s?: number;
            defaults?: Record<string, unknown>;
            extra?: Record<string, unknown>;
            on_error?: string;
            on_unknown?: string;
            retries?: number;
            retry_on?: string[];
            reuse?: string;
            timeout_s?: number | null;
            ttl_s?: number | null;
        };
        /**
         * Port
         * @description An input or an output of a node. An input without a wire takes `values[id]` of its node, else `default`.
         */
        Port: {
            accepts_dead?: boolean;
            accepts_error?: boolean;
            convertible?: boolean;
            cosmetic?: boolean;
            default?: unknown;
            description?: string;
            extra?: Record<string, unknown>;
            handle?: boolean;
            id: string;
            lazy?: boolean;
            many?: boolean;
            required?: boolean;
            stream?: boolean;
            tags?: string[];
            title?: string;
            type: components["schemas"]["Type"];
            widget?: components["schemas"]["Widget"] | null;
        };
        /**
         * Problem
         * @description One thing that is wrong, as a value. `code` is stable; a client words it from `code` and `params`.
         */
        Problem: {
            code: string;
            level?: string;
            message: string;
            params?: Record<string, unknown>;
            place?: {
                [key: string]: string;
            };
        };
        /**
         * ProblemDocument
         * @description Why a request was refused (RFC 9457). A client words it from `code` and `params`; `detail` is for people who read English.
         */
        ProblemDocument: {
            /** Code */
            code: string;
            /** Detail */
            detail: string;
            /** Hint */
            hint: string;
            /** Params */
            params: {
                [key: string]: unknown;
            };
            /** Problems */
            problems: components["schemas"]["Problem"][];
            /** Request Id */
            request_id: string;
            /** Status */
            status: number;
            /** Title */
            title: string;
            /** Type */
            type: string;
        };
        /**
         * ProcessState
         * @description What this process uses; 100 percent are one core.
         */
        ProcessState: {
            /** Cpu Percent */
            cpu_percent: number | null;
            /** Memory Bytes */
            memory_bytes: number | null;
            /** Pid */
            pid: number;
        };
        /**
         * Progress
         * @description How far a node is: `value` from 0 to 1, or null when unknown.
         */
        Progress: {
            /** @enum {unknown} */
            kind: "progress";
            path: string;
            seq?: number;
            t?: number;
            text?: string;
            value?: number | null;
        };
        /**
         * Project
         * @description A shelf of workflows.
         */
        Project: {
            /**
             * Created At
             * Format: date-time
             */
            created_at: string;
            /** Description */
            description: string;
            /** Id */
            id: string;
            /** Name */
            name: string;
            /** Trashed At */
            trashed_at: string | null;
            /**
             * Updated At
             * Format: date-time
             */
            updated_at: string;
            /** Workflow Count */
            workflow_count: number;
        };
        /**
         * ProjectChange
         * @description Changes what is given and leaves the rest.
         */
        ProjectChange: {
            /** Description */
            description?: string | null;
            /** Name */
            name?: string | null;
        };
        /**
         * ProjectPage
         * @description Projects, the latest first.
         */
        ProjectPage: {
            /** Items */
            items: components["schemas"]["Project"][];
            /** Next */
            next: string | null;
        };
        /**
         * Queue
         * @description One's own runs that run or wait.
         */
        Queue: {
            /** Queued */
            queued: components["schemas"]["comfytavern__api__schemas__runs__QueuedRun"][];
            /** Running */
            running: components["schemas"]["RunningRun"][];
        };
        /**
         * QueueState
         * @description Everybody's runs on all servers: how many, and the oldest of them.
         */
        QueueState: {
            /** Items */
            items: components["schemas"]["comfytavern__api__schemas__status__QueuedRun"][];
            /** Queued */
            queued: number;
            /** Running */
            running: number;
            /** Waiting */
            waiting: number;
        };
        /**
         * Readiness
         * @description Whether people may be sent here: one word per check, `ok` or what is wrong.
         */
        Readiness: {
            /** Checks */
            checks: {
                [key: string]: string;
            };
            open: components["schemas"]["Open"];
            /**
             * Status
             * @enum {string}
             */
            status: "ready" | "draining" | "unready";
        };
        /**
         * Release
         * @description What runs here.
         */
        Release: {
            /** Name */
            name: string;
            /** Release */
            release: string;
            schema: components["schemas"]["SchemaRange"];
            /** Slot */
            slot: string;
            /**
             * Started At
             * Format: date-time
             */
            started_at: string;
            /** Version */
            version: string;
        };
        /**
         * Run
         * @description Everything known about a run: its snapshot, to which events after `seq` are applied.
         */
        Run: {
            /** Chunks */
            chunks: {
                [key: string]: {
                    [key: string]: unknown;
                };
            };
            /** Cost Usd */
            cost_usd: number | null;
            /**
             * Created At
             * Format: date-time
             */
            created_at: string;
            /** Duration Ms */
            duration_ms: number | null;
            /** Ended At */
            ended_at: string | null;
            /** Error */
            error: {
                [key: string]: unknown;
            } | null;
            /** Errors */
            errors: {
                [key: string]: unknown;
            }[] | null;
            graph: components["schemas"]["Graph"];
            /** Id */
            id: string;
            /** Inputs */
            inputs: {
                [key: string]: unknown;
            };
            /** Logs */
            logs: {
                [key: string]: unknown;
            }[];
            /** Nodes */
            nodes: {
                [key: string]: {
                    [key: string]: unknown;
                };
            };
            /** Outputs */
            outputs: {
                [key: string]: unknown;
            } | null;
            /** Position */
            position: number | null;
            /** Seq */
            seq: number;
            /**
             * Source
             * @enum {string}
             */
            source: "canvas" | "http" | "cli" | "ws";
            /** Started At */
            started_at: string | null;
            /**
             * State
             * @enum {string}
             */
            state: "queued" | "running" | "waiting" | "ok" | "failed" | "cancelled";
            /** Texts */
            texts: {
                [key: string]: {
                    [key: string]: unknown;
                };
            };
            /** Tokens */
            tokens: number | null;
            /** Usage */
            usage: {
                [key: string]: unknown;
            };
            /** Version */
            version: number | null;
            /** Waits */
            waits: {
                [key: string]: unknown;
            }[];
            /** Workflow Id */
            workflow_id: string | null;
            /** Workflow Name */
            workflow_name: string | null;
        };
        /**
         * RunChanged
         * @description The run itself changed state. `ok`, `failed` and `cancelled` are terminal: no event comes after them.
         */
        RunChanged: {
            errors?: Record<string, unknown>[] | null;
            /** @enum {unknown} */
            kind: "run";
            outputs?: Record<string, unknown> | null;
            position?: number | null;
            seq?: number;
            state: string;
            t?: number;
        };
        RunEvent: components["schemas"]["RunChanged"] | components["schemas"]["NodesChanged"] | components["schemas"]["TextDelta"] | components["schemas"]["ChunkSeen"] | components["schemas"]["StreamReset"] | components["schemas"]["Progress"] | components["schemas"]["NodeLog"] | components["schemas"]["Usage"] | components["schemas"]["WaitOpened"] | components["schemas"]["WaitClosed"];
        /**
         * RunEvents
         * @description Events after the sequence number that was asked for; `ended` when no more can come.
         */
        RunEvents: {
            /** Ended */
            ended: boolean;
            /** Events */
            events: components["schemas"]["RunEvent"][];
        };
        /**
         * RunningRun
         * @description A run that runs now.
         */
        RunningRun: {
            /** Id */
            id: string;
            /** Workflow Id */
            workflow_id?: string | null;
            /** Workflow Name */
            workflow_name?: string | null;
        };
        /**
         * RunPage
         * @description Runs, the latest first.
         */
        RunPage: {
            /** Items */
            items: components["schemas"]["RunSummary"][];
            /** Next */
            next: string | null;
        };
        /**
         * RunRequest
         * @description What to run: a saved workflow or a graph, exactly one of them.
         */
        RunRequest: {
            /**
             * Again
             * @default false
             */
            again?: boolean;
            /** Deadline S */
            deadline_s?: number | null;
            /** Graph */
            graph?: components["schemas"]["Graph"] | null;
            /** Inputs */
            inputs?: {
                [key: string]: unknown;
            };
            /** Mode */
            mode?: ("finish" | "fail_fast") | null;
            /** Only */
            only?: string | null;
            /** Reuse */
            reuse?: ("never" | "session") | null;
            /** Run From */
            run_from?: string | null;
            /**
             * Session
             * @default
             */
            session?: string;
            /** Source */
            source?: ("canvas" | "http" | "cli" | "ws") | null;
            /** Targets */
            targets?: string[] | null;
            /** Version */
            version?: number | null;
            /** Workflow Id */
            workflow_id?: string | null;
        };
        /**
         * RunStarted
         * @description A run that was accepted.
         */
        RunStarted: {
            /** Id */
            id: string;
            /** Position */
            position: number | null;
            /**
             * State
             * @enum {string}
             */
            state: "queued" | "running" | "waiting" | "ok" | "failed" | "cancelled";
        };
        /**
         * RunSummary
         * @description A run in the history.
         */
        RunSummary: {
            /** Cost Usd */
            cost_usd: number | null;
            /**
             * Created At
             * Format: date-time
             */
            created_at: string;
            /** Duration Ms */
            duration_ms: number | null;
            /** Ended At */
            ended_at: string | null;
            /** Error */
            error: {
                [key: string]: unknown;
            } | null;
            /** Id */
            id: string;
            /** Position */
            position: number | null;
            /**
             * Source
             * @enum {string}
             */
            source: "canvas" | "http" | "cli" | "ws";
            /** Started At */
            started_at: string | null;
            /**
             * State
             * @enum {string}
             */
            state: "queued" | "running" | "waiting" | "ok" | "failed" | "cancelled";
            /** Tokens */
            tokens: number | null;
            /** Version */
            version: number | null;
            /** Workflow Id */
            workflow_id: string | null;
            /** Workflow Name */
            workflow_name: string | null;
        };
        /**
         * SchemaRange
         * @description Which databases it can use: of this level or above, contracted no further than this level.
         */
        SchemaRange: {
            /** Contracted */
            contracted: number | null;
            /** Level */
            level: number;
        };
        /**
         * SchemaState
         * @description The database's level, how far it is contracted, and the level this code is written for.
         */
        SchemaState: {
            /** Contracted */
            contracted: number;
            /** Level */
            level: number;
            /** Needed */
            needed: number;
        };
        /**
         * ServerSeen
         * @description One of the servers that share the database and its runs.
         */
        ServerSeen: {
            /** Draining */
            draining: boolean;
            /** Here */
            here: boolean;
            /** Id */
            id: string;
            /** Pid */
            pid: number;
            /** Release */
            release: string;
            /** Seen S */
            seen_s: number;
            /** Slot */
            slot: string;
        };
        /**
         * Session
         * @description Who is logged in.
         */
        Session: {
            user: components["schemas"]["User"];
        };
        /**
         * SetupRequest
         * @description Creates the owner with the one-time token that the first start printed.
         */
        SetupRequest: {
            /** Name */
            name: string;
            /** Password */
            password: string;
            /** Token */
            token: string;
        };
        /**
         * SetupState
         * @description Whether the owner has still to be created.
         */
        SetupState: {
            /** Needed */
            needed: boolean;
        };
        /**
         * SlotState
         * @description One of the two places on a host where a release runs.
         */
        SlotState: {
            /** Active */
            active: boolean;
            /** Name */
            name: string;
            /** Release */
            release: string | null;
            /** Since */
            since: string | null;
            /** State */
            state: string;
            /** Weight */
            weight: number;
        };
        /**
         * Status
         * @description This server now.
         */
        Status: {
            /**
             * At
             * Format: date-time
             */
            at: string;
            /** Checks */
            checks: {
                [key: string]: string;
            };
            counts: components["schemas"]["Counts"];
            database: components["schemas"]["DatabaseState"];
            /** Id */
            id: string;
            machine: components["schemas"]["MachineState"];
            open: components["schemas"]["Open"];
            process: components["schemas"]["ProcessState"];
            queue: components["schemas"]["QueueState"];
            /** Release */
            release: string;
            /** Servers */
            servers: components["schemas"]["ServerSeen"][];
            /** Slot */
            slot: string;
            /**
             * Started At
             * Format: date-time
             */
            started_at: string;
            /**
             * State
             * @enum {string}
             */
            state: "ready" | "draining" | "unready";
            /** Version */
            version: string;
        };
        /**
         * StreamReset
         * @description A stream starts over: clients drop what they have of it.
         */
        StreamReset: {
            epoch: number;
            /** @enum {unknown} */
            kind: "reset";
            path: string;
            port: string;
            seq?: number;
            t?: number;
        };
        /**
         * TextDelta
         * @description Text was appended to a stream output. `offset` counts characters already sent of this `epoch`.
         */
        TextDelta: {
            epoch?: number;
            /** @enum {unknown} */
            kind: "delta";
            offset: number;
            path: string;
            port: string;
            seq?: number;
            t?: number;
            text: string;
        };
        /**
         * TokenGrant
         * @description A bearer token for programs.
         */
        TokenGrant: {
            /** Access Token */
            access_token: string;
            /** Expires In */
            expires_in: number;
            /**
             * Token Type
             * @default Bearer
             * @constant
             */
            token_type?: "Bearer";
        };
        /**
         * TrashItem
         * @description Something that can be restored or deleted for good.
         */
        TrashItem: {
            /** Id */
            id: string;
            /**
             * Kind
             * @enum {string}
             */
            kind: "project" | "workflow";
            /** Name */
            name: string;
            /** Project Id */
            project_id: string | null;
            /**
             * Trashed At
             * Format: date-time
             */
            trashed_at: string;
        };
        /**
         * TrashPage
         * @description The trash, the latest first.
         */
        TrashPage: {
            /** Items */
            items: components["schemas"]["TrashItem"][];
            /** Next */
            next: string | null;
        };
        /**
         * Trouble
         * @description Why a call did not work.
         */
        Trouble: {
            /** Code */
            code: string;
            /** Hint */
            hint: string;
            /** Message */
            message: string;
            /** Params */
            params: {
                [key: string]: unknown;
            };
        };
        /**
         * Type
         * @description The type of what travels on a wire.
         * @enum {unknown}
         */
        Type: "any" | "array" | "audio" | "binary" | "boolean" | "float" | "image" | "integer" | "message" | "messages" | "object" | "string";
        /**
         * TypedModel
         * @description A model named by hand.
         */
        TypedModel: {
            /** Capabilities */
            capabilities?: string[];
            /**
             * Enabled
             * @default true
             */
            enabled?: boolean;
            /**
             * Manual
             * @default true
             */
            manual?: boolean;
            /** Name */
            name: string;
        };
        /**
         * UnknownRequest
         * @description What to do about an effect whose outcome a crash has hidden.
         */
        UnknownRequest: {
            /**
             * Action
             * @enum {string}
             */
            action: "retry" | "fail" | "result";
            /** Path */
            path: string;
            /** Value */
            value?: unknown;
        };
        /**
         * Usage
         * @description Tokens and cost that a node used, added up by clients.
         */
        Usage: {
            cost_usd?: number | null;
            input_tokens?: number;
            /** @enum {unknown} */
            kind: "usage";
            model: string;
            output_tokens?: number;
            path: string;
            seq?: number;
            t?: number;
        };
        /**
         * User
         * @description A person who may log in.
         */
        User: {
            /** Created At */
            created_at?: string | null;
            /** Id */
            id: string;
            /** Name */
            name: string;
            /** Preferences */
            preferences?: {
                [key: string]: unknown;
            };
            /**
             * Role
             * @enum {string}
             */
            role: "owner" | "member";
        };
        /**
         * UserPage
         * @description People in order of creation.
         */
        UserPage: {
            /** Items */
            items: components["schemas"]["User"][];
            /** Next */
            next?: string | null;
        };
        /**
         * Validation
         * @description All its problems at once; it may run when none has level `error`.
         */
        Validation: {
            /** Problems */
            problems: components["schemas"]["Problem"][];
        };
        /**
         * ValidationRequest
         * @description A graph to look at.
         */
        ValidationRequest: {
            graph: components["schemas"]["Graph"];
        };
        /**
         * Version
         * @description One saved version with its graph.
         */
        Version: {
            /** Author */
            author: string;
            /**
             * Created At
             * Format: date-time
             */
            created_at: string;
            graph: components["schemas"]["Graph"];
            /** Node Count */
            node_count: number;
            /** Note */
            note: string;
            /** Version */
            version: number;
        };
        /**
         * VersionPage
         * @description Versions, the newest first.
         */
        VersionPage: {
            /** Items */
            items: components["schemas"]["VersionSummary"][];
            /** Next */
            next: string | null;
        };
        /**
         * VersionRestore
         * @description Makes an old version the newest one, as a new version.
         */
        VersionRestore: {
            /** Base Version */
            base_version: number;
        };
        /**
         * VersionSummary
         * @description One saved version.
         */
        VersionSummary: {
            /** Author */
            author: string;
            /**
             * Created At
             * Format: date-time
             */
            created_at: string;
            /** Node Count */
            node_count: number;
            /** Note */
            note: string;
            /** Version */
            version: number;
        };
        /**
         * WaitClosed
         * @description A wait was answered, or it expired.
         */
        WaitClosed: {
            /** @enum {unknown} */
            kind: "answered";
            outcome: string;
            path: string;
            seq?: number;
            t?: number;
            token: string;
        };
        /**
         * WaitOpened
         * @description A node waits for a person or an event. Answer with the token.
         */
        WaitOpened: {
            audience?: string;
            expires_at?: number | null;
            /** @enum {unknown} */
            kind: "wait";
            path: string;
            schema: Record<string, unknown>;
            seq?: number;
            shown?: unknown;
            t?: number;
            title: string;
            token: string;
        };
        /**
         * Watching
         * @description What is watched; null: nobody wants to know.
         */
        Watching: {
            errors?: components["schemas"]["Errors"] | null;
        };
        /**
         * Widget
         * @description How a person fills in an input that has no wire.
         */
        Widget: {
            accept?: string;
            capability?: string;
            extra?: Record<string, unknown>;
            kind: string;
            language?: string;
            maximum?: number | null;
            minimum?: number | null;
            options?: unknown[];
            placeholder?: string;
            rows?: number;
            step?: number | null;
            suggest?: boolean;
        };
        /**
         * Wire
         * @description A wire from an output to an input. The order of `wires` is the order of a many-input.
         */
        Wire: {
            each?: boolean;
            extra?: Record<string, unknown>;
            id: string;
            look?: Record<string, unknown>;
            source: components["schemas"]["End"];
            target: components["schemas"]["End"];
        };
        /**
         * WiresDiff
         * @description The same of wires, and the inputs `[node, port]` whose wires come in another order.
         */
        WiresDiff: {
            /** Added */
            added: string[];
            /** Changed */
            changed: components["schemas"]["PartChange"][];
            /** Removed */
            removed: string[];
            /** Reordered */
            reordered: string[][];
        };
        /**
         * Words
         * @description A kind's words in one language. `ports` by port id: `[title, description]`; `options` by value.
         */
        Words: {
            description: string;
            keywords?: string[];
            options?: {
                [key: string]: string;
            };
            ports?: {
                [key: string]: [
                    string,
                    string
                ];
            };
            title: string;
        };
        /**
         * Workflow
         * @description A workflow with the graph of its newest version.
         */
        Workflow: {
            /**
             * Created At
             * Format: date-time
             */
            created_at: string;
            /** Description */
            description: string;
            graph: components["schemas"]["Graph"];
            /** Id */
            id: string;
            /** Name */
            name: string;
            /** Project Id */
            project_id: string;
            /** Trashed At */
            trashed_at: string | null;
            /**
             * Updated At
             * Format: date-time
             */
            updated_at: string;
            /** Version */
            version: number;
        };
        /**
         * WorkflowChange
         * @description Renames or describes; the graph and its version stay.
         */
        WorkflowChange: {
            /** Base Version */
            base_version?: number | null;
            /** Description */
            description?: string | null;
            /** Name */
            name?: string | null;
        };
        /**
         * WorkflowCopy
         * @description Save as: a new workflow from this one, or from the graph given (the editor's unsaved state).
         */
        WorkflowCopy: {
            /** Graph */
            graph?: components["schemas"]["Graph"] | null;
            /** Name */
            name: string;
            /** Project Id */
            project_id?: string | null;
        };
        /**
         * WorkflowPage
         * @description Workflows of a project, the latest first.
         */
        WorkflowPage: {
            /** Items */
            items: components["schemas"]["WorkflowSummary"][];
            /** Next */
            next: string | null;
        };
        /**
         * WorkflowSave
         * @description Saves a version. `base_version` is the one that was edited: 409 `workflow.conflict` when it is not the newest any more.
         */
        WorkflowSave: {
            /** Base Version */
            base_version: number;
            /** Description */
            description?: string | null;
            graph: components["schemas"]["Graph"];
            /** Name */
            name?: string | null;
            /**
             * Note
             * @default
             */
            note?: string;
        };
        /**
         * WorkflowSummary
         * @description A workflow without its graph.
         */
        WorkflowSummary: {
            /**
             * Created At
             * Format: date-time
             */
            created_at: string;
            /** Description */
            description: string;
            /** Id */
            id: string;
            /** Name */
            name: string;
            /** Project Id */
            project_id: string;
            /** Trashed At */
            trashed_at: string | null;
            /**
             * Updated At
             * Format: date-time
             */
            updated_at: string;
            /** Version */
            version: number;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    list_channels: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ChannelPage"];
                };
            };
            /** @description Refused: see `code`. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
        };
    };
    create_channel: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewChannel"];
            };
        };
        responses: {
            /** @description Successful Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Channel"];
                };
            };
            /** @description Refused: see `code`. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
        };
    };
    get_channel: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                channel_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Channel"];
                };
            };
            /** @description Refused: see `code`. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
        };
    };
    delete_channel: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                channel_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused: see `code`. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
        };
    };
    change_channel: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                channel_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ChannelChange"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Channel"];
                };
            };
            /** @description Refused: see `code`. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
        };
    };
    discover_models: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                channel_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Discovery"];
                };
            };
            /** @description Refused: see `code`. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
        };
    };
    test_channel: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                channel_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ChannelTest"];
                };
            };
            /** @description Refused: see `code`. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
        };
    };
    list_examples: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ExamplePage"];
                };
            };
            /** @description Refused: see `code`. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
        };
    };
    open_example: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                example_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ExampleOpen"];
            };
        };
        responses: {
            /** @description Successful Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Workflow"];
                };
            };
            /** @description Refused: see `code`. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
        };
    };
    list_files: {
        parameters: {
            query?: {
                /** @description user://, shared:// or project:// and a path. */
                uri?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EntryPage"];
                };
            };
            /** @description Refused: see `code`. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
        };
    };
    delete_file: {
        parameters: {
            query: {
                /** @description user://, shared:// or project:// and a path. */
                uri: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused: see `code`. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
        };
    };
    read_file: {
        parameters: {
            query: {
                /** @description user://, shared:// or project:// and a path. */
                uri: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The bytes. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/octet-stream": string;
                };
            };
            /** @description Refused: see `code`. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
        };
    };
    write_file: {
        parameters: {
            query: {
                overwrite?: boolean;
                /** @description user://, shared:// or project:// and a path. */
                uri: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/octet-stream": string;
            };
        };
        responses: {
            /** @description Successful Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Entry"];
                };
            };
            /** @description Refused: see `code`. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
        };
    };
    move_file: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["MoveRequest"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Entry"];
                };
            };
            /** @description Refused: see `code`. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
        };
    };
    validate_graph: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ValidationRequest"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Validation"];
                };
            };
            /** @description Refused: see `code`. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
        };
    };
    list_kinds: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Catalogue"];
                };
            };
            /** @description Nothing changed since the ETag given. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused: see `code`. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
        };
    };
    login: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["LoginRequest"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Session"];
                };
            };
            /** @description Refused: see `code`. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
        };
    };
    logout: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused: see `code`. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
        };
    };
    list_models: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ModelPage"];
                };
            };
            /** @description Refused: see `code`. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
        };
    };
    list_projects: {
        parameters: {
            query?: {
                /** @description `next` of the page before. */
                cursor?: string | null;
                /** @description At most so many items. */
                limit?: number;
                trash?: boolean;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProjectPage"];
                };
            };
            /** @description Refused: see `code`. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
        };
    };
    create_project: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewProject"];
            };
        };
        responses: {
            /** @description Successful Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Project"];
                };
            };
            /** @description Refused: see `code`. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
        };
    };
    get_project: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                project_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Project"];
                };
            };
            /** @description Refused: see `code`. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
        };
    };
    trash_project: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                project_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused: see `code`. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
        };
    };
    change_project: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                project_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ProjectChange"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Project"];
                };
            };
            /** @description Refused: see `code`. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
        };
    };
    export_project: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                project_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Refused: see `code`. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
        };
    };
    restore_project: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                project_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Project"];
                };
            };
            /** @description Refused: see `code`. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
        };
    };
    list_workflows: {
        parameters: {
            query?: {
                /** @description `next` of the page before. */
                cursor?: string | null;
                /** @description At most so many items. */
                limit?: number;
                trash?: boolean;
            };
            header?: never;
            path: {
                project_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WorkflowPage"];
                };
            };
            /** @description Refused: see `code`. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
        };
    };
    create_workflow: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                project_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewWorkflow"];
            };
        };
        responses: {
            /** @description Successful Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Workflow"];
                };
            };
            /** @description Refused: see `code`. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
        };
    };
    import_workflow: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                project_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    [key: string]: unknown;
                };
            };
        };
        responses: {
            /** @description Successful Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Workflow"];
                };
            };
            /** @description Refused: see `code`. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
        };
    };
    import_project: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    [key: string]: unknown;
                };
            };
        };
        responses: {
            /** @description Successful Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Project"];
                };
            };
            /** @description Refused: see `code`. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
        };
    };
    get_queue: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Queue"];
                };
            };
            /** @description Refused: see `code`. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
        };
    };
    list_runs: {
        parameters: {
            query?: {
                /** @description `next` of the page before. */
                cursor?: string | null;
                /** @description At most so many items. */
                limit?: number;
                project_id?: string | null;
                state?: ("queued" | "running" | "waiting" | "ok" | "failed" | "cancelled") | null;
                workflow_id?: string | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RunPage"];
                };
            };
            /** @description Refused: see `code`. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
        };
    };
    start_run: {
        parameters: {
            query?: {
                wait?: boolean;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RunRequest"];
            };
        };
        responses: {
            /** @description The whole run (`wait=true`), or its events as they happen (`Accept: text/event-stream`). */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Run"];
                    "text/event-stream": string;
                };
            };
            /** @description Successful Response */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RunStarted"];
                };
            };
            /** @description Refused: see `code`. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
        };
    };
    get_run: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                run_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Run"];
                };
            };
            /** @description Refused: see `code`. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
        };
    };
    delete_run: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                run_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused: see `code`. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
        };
    };
    answer_run: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                run_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AnswerRequest"];
            };
        };
        responses: {
            /** @description Successful Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused: see `code`. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
        };
    };
    cancel_run: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                run_id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["CancelRequest"] | null;
            };
        };
        responses: {
            /** @description Successful Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused: see `code`. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
        };
    };
    list_events: {
        parameters: {
            query?: {
                after?: number;
            };
            header?: never;
            path: {
                run_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RunEvents"];
                    "text/event-stream": string;
                };
            };
            /** @description Refused: see `code`. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
        };
    };
    get_node: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                path: string;
                run_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NodeDetail"];
                };
            };
            /** @description Refused: see `code`. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
        };
    };
    resolve_unknown: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                run_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["UnknownRequest"];
            };
        };
        responses: {
            /** @description Successful Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused: see `code`. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
        };
    };
    get_session: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Session"];
                };
            };
            /** @description Refused: see `code`. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
        };
    };
    change_password: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PasswordChange"];
            };
        };
        responses: {
            /** @description Successful Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused: see `code`. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
        };
    };
    save_preferences: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    [key: string]: unknown;
                };
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Session"];
                };
            };
            /** @description Refused: see `code`. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
        };
    };
    list_sessions: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoginPage"];
                };
            };
            /** @description Refused: see `code`. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
        };
    };
    end_session: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                session_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused: see `code`. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
        };
    };
    get_setup: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SetupState"];
                };
            };
            /** @description Refused: see `code`. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
        };
    };
    create_owner: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SetupRequest"];
            };
        };
        responses: {
            /** @description Successful Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Session"];
                };
            };
            /** @description Refused: see `code`. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
        };
    };
    get_status: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Status"];
                };
            };
            /** @description Refused: see `code`. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
        };
    };
    get_history: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["History"];
                };
            };
            /** @description Refused: see `code`. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
        };
    };
    get_releases: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Deployed"];
                };
            };
            /** @description Refused: see `code`. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
        };
    };
    create_token: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["LoginRequest"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TokenGrant"];
                };
            };
            /** @description Refused: see `code`. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
        };
    };
    list_trash: {
        parameters: {
            query?: {
                /** @description `next` of the page before. */
                cursor?: string | null;
                /** @description At most so many items. */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TrashPage"];
                };
            };
            /** @description Refused: see `code`. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
        };
    };
    purge: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                item_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused: see `code`. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
        };
    };
    list_users: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UserPage"];
                };
            };
            /** @description Refused: see `code`. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
        };
    };
    create_user: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewUser"];
            };
        };
        responses: {
            /** @description Successful Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["User"];
                };
            };
            /** @description Refused: see `code`. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
        };
    };
    delete_user: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                user_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused: see `code`. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
        };
    };
    get_watching: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Watching"];
                };
            };
            /** @description Refused: see `code`. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
        };
    };
    report_errors: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "text/plain": string;
            };
        };
        responses: {
            /** @description Successful Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused: see `code`. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
        };
    };
    get_workflow: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                workflow_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Workflow"];
                };
            };
            /** @description Refused: see `code`. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
        };
    };
    save_workflow: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                workflow_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WorkflowSave"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Workflow"];
                };
            };
            /** @description Refused: see `code`. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
        };
    };
    trash_workflow: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                workflow_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused: see `code`. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
        };
    };
    change_workflow: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                workflow_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WorkflowChange"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Workflow"];
                };
            };
            /** @description Refused: see `code`. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
        };
    };
    copy_workflow: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                workflow_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WorkflowCopy"];
            };
        };
        responses: {
            /** @description Successful Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Workflow"];
                };
            };
            /** @description Refused: see `code`. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
        };
    };
    diff_versions: {
        parameters: {
            query: {
                from: number;
                to: number;
            };
            header?: never;
            path: {
                workflow_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Diff"];
                };
            };
            /** @description Refused: see `code`. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
        };
    };
    export_workflow: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                workflow_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Refused: see `code`. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
        };
    };
    restore_workflow: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                workflow_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Workflow"];
                };
            };
            /** @description Refused: see `code`. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
        };
    };
    list_versions: {
        parameters: {
            query?: {
                /** @description `next` of the page before. */
                cursor?: string | null;
                /** @description At most so many items. */
                limit?: number;
            };
            header?: never;
            path: {
                workflow_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["VersionPage"];
                };
            };
            /** @description Refused: see `code`. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
        };
    };
    get_version: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                number: number;
                workflow_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Version"];
                };
            };
            /** @description Refused: see `code`. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
        };
    };
    restore_version: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                number: number;
                workflow_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["VersionRestore"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Workflow"];
                };
            };
            /** @description Refused: see `code`. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
        };
    };
    health: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Health"];
                };
            };
            /** @description Refused: see `code`. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
        };
    };
    metrics: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/plain": string;
                };
            };
            /** @description Refused: see `code`. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
        };
    };
    ready: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Readiness"];
                };
            };
            /** @description Send nobody here. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Readiness"];
                };
            };
            /** @description Refused: see `code`. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
        };
    };
    version: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Release"];
                };
            };
            /** @description Refused: see `code`. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemDocument"];
                };
            };
        };
    };
}
