// Generated from apps/api/openapi.json by `pnpm --filter @claimbench/web client`. Do not edit.
type JsonValue = null | boolean | number | string | JsonValue[] | { [key: string]: JsonValue };
export interface paths {
    "/api/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["streamEvents"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/papers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["listPapers"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/papers/{number}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["getPaper"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/papers/{number}/bibtex": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["getBibtex"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/claims": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["listClaims"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/claims/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["getClaim"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/techniques": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["listTechniques"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/techniques/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["getTechnique"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/subjects": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["listSubjects"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/data-sets": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["listDataSets"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/backends": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["listBackends"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/experiments/plan": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["planExperiment"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/experiments": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["listExperiments"];
        put?: never;
        post: operations["submitExperiment"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/experiments/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["getExperiment"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/experiments/{id}/runs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["listExperimentRuns"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/experiments/{id}/comparison": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["getComparison"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/experiments/{id}/curves": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["getCurves"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/experiments/{id}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["cancelExperiment"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/rules/flips": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["listFlips"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/rules/re-evaluate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["reevaluate"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/runs/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["getRun"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/runs/{id}/series/{series}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["getSeries"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/runs/{id}/log": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["getLog"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/runs/{id}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["cancelRun"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/worker/hello": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["hello"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/worker/runs/{id}/claim": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["claimRun"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/worker/runs/{id}/start": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["startRun"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/worker/runs/{id}/heartbeat": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["heartbeat"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/worker/runs/{id}/points": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["addPoints"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/worker/runs/{id}/release": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["releaseRun"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/worker/runs/{id}/finish": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["finishRun"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/worker/artifacts/{sha256}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["getArtifact"];
        put: operations["putArtifact"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/health": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["getHealth"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/system": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["getSystem"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/verdicts/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["getVerdict"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/verdicts/{id}/citation": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["getCitation"];
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
        LiveEvent: {
            /** @enum {string} */
            type: "run.changed";
            runId: string;
            experimentIds: string[];
            state: components["schemas"]["RunState"];
            progress: number | null;
            metrics: {
                [key: string]: number;
            };
            failure: components["schemas"]["Failure"] | null;
        } | {
            /** @enum {string} */
            type: "run.points";
            runId: string;
            experimentIds: string[];
            series: components["schemas"]["SeriesSummary"][];
            progress: number | null;
        } | {
            /** @enum {string} */
            type: "experiment.changed";
            experimentId: string;
            state: components["schemas"]["ExperimentState"];
            stage: number;
        } | {
            /** @enum {string} */
            type: "verdict.reached";
            experimentId: string;
            claim: string;
            verdict: components["schemas"]["VerdictWord"];
        };
        /** @enum {string} */
        RunState: "queued" | "claimed" | "running" | "succeeded" | "failed" | "cancelled" | "timed-out";
        Failure: {
            /** @enum {string} */
            code: "diverged" | "invalid-spec" | "technique-does-not-fit" | "backend-unavailable" | "data-unavailable" | "hash-mismatch" | "bad-checkpoint" | "invalid-text-encoding" | "out-of-memory" | "memory-limit" | "time-limit" | "worker-lost" | "base-failed" | "cancelled" | "artifact-store-full" | "crashed" | "internal";
            message: string;
            step?: number;
        };
        SeriesSummary: {
            series: string;
            count: number;
            last: number;
            lastStep: number;
            min: number;
            max: number;
        };
        /** @enum {string} */
        ExperimentState: "running" | "succeeded" | "failed" | "cancelled";
        /** @enum {string} */
        VerdictWord: "supported" | "contradicted" | "inconclusive";
        Problem: {
            type: string;
            /** @enum {string} */
            code: "invalid-request" | "invalid-text-encoding" | "unknown-technique" | "unknown-subject" | "unknown-data-set" | "unknown-protocol" | "invalid-parameters" | "technique-does-not-fit" | "too-many-runs" | "backend-unavailable" | "invalid-cursor" | "unauthorized" | "not-found" | "run-not-claimable" | "lease-lost" | "invalid-transition" | "hash-mismatch" | "database-unavailable" | "queue-unavailable" | "artifact-store-full" | "artifact-too-large" | "internal";
            title: string;
            status: number;
            detail: string;
            errors?: {
                path: string;
                message: string;
            }[];
        };
        /** @enum {string} */
        Family: "norm" | "quantization" | "pruning" | "layer-skipping" | "adjacent" | "out-of-scope";
        PaperPage: {
            items: components["schemas"]["PaperSummary"][];
            next: string | null;
            total: number | null;
        };
        PaperSummary: {
            number: number;
            slug: string;
            title: string;
            family: components["schemas"]["Family"];
            needsTraining: boolean | null;
            modality: string | null;
            difficulty: number | null;
            links: {
                paper: string | null;
                code: string | null;
            };
            claimCount: number;
            verdictCount: number;
        };
        Paper: {
            number: number;
            slug: string;
            title: string;
            family: components["schemas"]["Family"];
            technique: string;
            scaledDownTest: string | null;
            needsTraining: boolean | null;
            modality: string | null;
            difficulty: number | null;
            links: {
                paper: string | null;
                code: string | null;
            };
            claims: components["schemas"]["Claim"][];
        };
        Claim: {
            id: string;
            statement: string;
            metric: string;
            unit: string | null;
            /** @enum {string} */
            direction: "lower-better" | "higher-better" | "equal" | "qualitative";
            subject: string;
            condition: string;
            claimedValue: number | null;
            baseline: string;
            location: string | null;
            kind: ("superiority" | "no-loss" | "equivalence" | "ordering" | "frontier" | "trend" | "interaction" | "threshold" | "gap-closure" | "stability" | "dispersion" | "contrast-within" | "share-or-shape" | "association" | "law" | "identity" | "theorem" | "count" | "speed" | "time-to-target" | "construction" | "generality" | "level" | "context") | null;
            testability: {
                /** @enum {string} */
                at: "quick" | "standard" | "full" | "not-here";
                reason: string;
                needs: string[];
            } | null;
            /** @default null */
            doubt: string | null;
        };
        ClaimPage: {
            items: components["schemas"]["ClaimSummary"][];
            next: string | null;
            total: number | null;
        };
        ClaimSummary: {
            id: string;
            statement: string;
            metric: string;
            unit: string | null;
            /** @enum {string} */
            direction: "lower-better" | "higher-better" | "equal" | "qualitative";
            subject: string;
            condition: string;
            claimedValue: number | null;
            baseline: string;
            location: string | null;
            kind: ("superiority" | "no-loss" | "equivalence" | "ordering" | "frontier" | "trend" | "interaction" | "threshold" | "gap-closure" | "stability" | "dispersion" | "contrast-within" | "share-or-shape" | "association" | "law" | "identity" | "theorem" | "count" | "speed" | "time-to-target" | "construction" | "generality" | "level" | "context") | null;
            testability: {
                /** @enum {string} */
                at: "quick" | "standard" | "full" | "not-here";
                reason: string;
                needs: string[];
            } | null;
            /** @default null */
            doubt: string | null;
            /** @enum {string} */
            status: "verdict" | "implemented" | "planned" | "not-testable-here" | "outside";
            statusReason: string;
            paper: {
                number: number;
                title: string;
                slug: string;
                family: components["schemas"]["Family"];
            };
            protocolIds: string[];
            headline: components["schemas"]["VerdictRecord"] | null;
        };
        VerdictRecord: {
            id: string;
            /** Format: date-time */
            at: string;
            /** @enum {string} */
            cause: "new-evidence" | "rule-change" | "correction" | "dispute";
            evidenceLevel: components["schemas"]["EvidenceLevel"];
            experimentId: string;
            verdict: components["schemas"]["Verdict"];
        };
        /** @enum {string} */
        EvidenceLevel: "self-reported" | "measured" | "replicated" | "cross-backend";
        Verdict: {
            claim: string;
            protocolId: string;
            protocolHash: string;
            ruleVersion: number;
            backend?: components["schemas"]["BackendName"];
            /** @enum {string} */
            kind: "superiority" | "no-loss" | "equivalence" | "ordering" | "frontier" | "trend" | "interaction" | "threshold" | "gap-closure" | "stability" | "dispersion" | "contrast-within" | "share-or-shape" | "association" | "law" | "identity" | "theorem" | "count" | "speed" | "time-to-target" | "construction" | "generality" | "level" | "context";
            quantifier: string;
            /** @enum {string} */
            grade: "same-regime" | "scaled-down" | "mechanism-only";
            /** @enum {string} */
            scope: "recipe" | "checkpoint";
            verdict: components["schemas"]["VerdictWord"];
            reason: string;
            words: string;
            plan: string;
            look: number;
            n: number;
            parts: components["schemas"]["PartResult"][];
            premises: components["schemas"]["PartResult"][];
            secondSize: {
                subjectLine: string;
                parts: components["schemas"]["PartResult"][];
            } | null;
            controls: components["schemas"]["ControlResult"][];
            tuning: components["schemas"]["TuningResult"][];
            missingGuards: string[];
            failedRuns: {
                [key: string]: number;
            };
            subjectLine: string;
            armSubjectLines?: {
                [key: string]: string;
            };
            labels: string[];
        };
        /** @enum {string} */
        BackendName: "reference" | "native" | "webgpu";
        PartResult: {
            id: string;
            statement: string;
            template: components["schemas"]["Template"];
            verdict: components["schemas"]["VerdictWord"];
            reason: string;
            effect: number;
            interval: components["schemas"]["Interval"];
            level: number;
            margin: number;
            unit: string;
            n: number;
            mde: number | null;
            sdPaired: number | null;
            sdUnpaired: number | null;
            shareAbove0: number;
            worstBlock: number;
            skewness: number | null;
            contrasts: number[];
            claimed?: number;
        };
        /** @enum {string} */
        Template: "greater" | "not-worse" | "within" | "rate" | "exact" | "count";
        Interval: [
            number | null,
            number | null
        ];
        ControlResult: {
            id: string;
            /** @enum {string} */
            kind: "positive" | "negative" | "bit";
            statement: string;
            passed: boolean;
            finding: string;
            result: components["schemas"]["PartResult"] | null;
        };
        TuningResult: {
            arm: string;
            trials: {
                value: number;
                loss: number;
            }[];
            best: number;
            bestAtEdge: boolean;
        };
        ClaimView: {
            claim: components["schemas"]["ClaimSummary"];
            paper: {
                number: number;
                slug: string;
                title: string;
                family: components["schemas"]["Family"];
                technique: string;
                scaledDownTest: string | null;
                needsTraining: boolean | null;
                modality: string | null;
                difficulty: number | null;
                links: {
                    paper: string | null;
                    code: string | null;
                };
            };
            protocols: components["schemas"]["Protocol"][];
            history: components["schemas"]["VerdictRecord"][];
            experiments: components["schemas"]["ExperimentSummary"][];
        };
        Protocol: {
            id: string;
            version: number;
            claim: string;
            scale: components["schemas"]["Scale"];
            /** @enum {string} */
            kind: "superiority" | "no-loss" | "equivalence" | "ordering" | "frontier" | "trend" | "interaction" | "threshold" | "gap-closure" | "stability" | "dispersion" | "contrast-within" | "share-or-shape" | "association" | "law" | "identity" | "theorem" | "count" | "speed" | "time-to-target" | "construction" | "generality" | "level" | "context";
            /** @enum {string} */
            grade: "same-regime" | "scaled-down" | "mechanism-only";
            /** @enum {string} */
            scope: "recipe" | "checkpoint";
            title: string;
            reading: string;
            subject: {
                /** @enum {string} */
                kind: "recipe";
                name: string;
            } | {
                /** @enum {string} */
                kind: "classifier";
                name: string;
            } | {
                /** @enum {string} */
                kind: "checkpoint";
                name: string;
            };
            /** @default null */
            secondSubject: ({
                /** @enum {string} */
                kind: "recipe";
                name: string;
            } | {
                /** @enum {string} */
                kind: "classifier";
                name: string;
            } | {
                /** @enum {string} */
                kind: "checkpoint";
                name: string;
            }) | null;
            evaluation: {
                /** @enum {string} */
                split: "validation" | "test";
                items: number;
                windowTokens: number | null;
                probes?: components["schemas"]["ProbeSpec"][];
                data: string;
            };
            arms: components["schemas"]["Arm"][];
            tuning: components["schemas"]["Tuning"] | null;
            timing?: components["schemas"]["TimingSpec"];
            /** @default [] */
            premises: components["schemas"]["ProtocolPart"][];
            parts: components["schemas"]["ProtocolPart"][];
            /** @enum {string} */
            quantifier: "single" | "all" | "any" | "most";
            controls: components["schemas"]["Control"][];
            plan: components["schemas"]["Plan"];
            /** @default native */
            backend: components["schemas"]["BackendName"];
            expectedSeconds: number;
        };
        /** @enum {string} */
        Scale: "quick" | "standard" | "full";
        ProbeSpec: {
            /** @enum {string} */
            kind: "answers";
        } | {
            /** @enum {string} */
            kind: "agreement";
        } | {
            /** @enum {string} */
            kind: "choices";
            choices: number;
            contextWords: number;
            choiceWords: number;
        } | {
            /** @enum {string} */
            kind: "state-errors";
        } | {
            /** @enum {string} */
            kind: "norm-curves";
        } | {
            /** @enum {string} */
            kind: "pruning-scores";
        } | {
            /** @enum {string} */
            kind: "products";
        };
        Arm: {
            id: string;
            label: string;
            /** @enum {string} */
            role: "baseline" | "technique" | "rival" | "control";
            technique: components["schemas"]["TechniqueSpec"];
            /**
             * @default shared
             * @enum {string}
             */
            seeds: "shared" | "other" | "repeat";
            /** @default null */
            learningRate: number | null;
            subject?: {
                /** @enum {string} */
                kind: "recipe";
                name: string;
            };
        };
        TechniqueSpec: {
            id: string;
            parameters: {
                [key: string]: components["schemas"]["Json"];
            };
        };
        Json: JsonValue;
        Tuning: {
            /** @enum {string} */
            parameter: "learningRate";
            values: number[];
            seeds: number;
        };
        TimingSpec: {
            against: components["schemas"]["TechniqueSpec"];
            rounds: number;
            sampleMs: number;
            /** @enum {string} */
            of?: "training" | "making";
        };
        ProtocolPart: {
            id: string;
            statement: string;
            template: components["schemas"]["Template"];
            contrast: components["schemas"]["Contrast"];
            margin: components["schemas"]["Margin"];
            /** @default null */
            counted: components["schemas"]["CountedClaim"] | null;
            claimed?: number;
        };
        Contrast: {
            /** @enum {string} */
            metric: "natsPerByte" | "natsPerToken" | "natsPerItem" | "top1Accuracy" | "answerAccuracy" | "choiceAccuracy" | "top1Agreement" | "klDivergence" | "stateErrorEarly" | "stateErrorLate" | "tanhShare" | "tanhGain" | "lampCorrelation" | "magnitudeCorrelation" | "multiplicationsPerWeight" | "valuesPerWeight" | "bitsPerWeight" | "modelBytes" | "parameters" | "sparsity" | "layerEvaluations" | "acceptedShare" | "layersPerToken" | "decodingBytes" | "quantizationError" | "timeRatio" | "twinTimeRatio" | "trainingLoss" | "gradientNorm" | "learningRate" | "similarityAttention" | "similarityMlp" | "similarityNeighbours" | "similarityMiddle" | "similarityOuter" | "gradientNormEarly" | "gradientNormLate" | "gradientSpread" | "stateSizeEarly" | "stateSizeLate" | "stateLargest";
            /**
             * @default raw
             * @enum {string}
             */
            scale: "raw" | "log" | "atanh";
            shape?: components["schemas"]["ContrastShape"];
            plus?: number;
            terms: {
                arm: string;
                coefficient: number;
                /** @enum {string} */
                metric?: "natsPerByte" | "natsPerToken" | "natsPerItem" | "top1Accuracy" | "answerAccuracy" | "choiceAccuracy" | "top1Agreement" | "klDivergence" | "stateErrorEarly" | "stateErrorLate" | "tanhShare" | "tanhGain" | "lampCorrelation" | "magnitudeCorrelation" | "multiplicationsPerWeight" | "valuesPerWeight" | "bitsPerWeight" | "modelBytes" | "parameters" | "sparsity" | "layerEvaluations" | "acceptedShare" | "layersPerToken" | "decodingBytes" | "quantizationError" | "timeRatio" | "twinTimeRatio" | "trainingLoss" | "gradientNorm" | "learningRate" | "similarityAttention" | "similarityMlp" | "similarityNeighbours" | "similarityMiddle" | "similarityOuter" | "gradientNormEarly" | "gradientNormLate" | "gradientSpread" | "stateSizeEarly" | "stateSizeLate" | "stateLargest";
                dose?: number;
            }[];
        };
        ContrastShape: {
            /** @enum {string} */
            kind: "trend";
        } | {
            /** @enum {string} */
            kind: "exponent";
        } | {
            /** @enum {string} */
            kind: "frontier";
            /** @enum {string} */
            cost: "natsPerByte" | "natsPerToken" | "natsPerItem" | "top1Accuracy" | "answerAccuracy" | "choiceAccuracy" | "top1Agreement" | "klDivergence" | "stateErrorEarly" | "stateErrorLate" | "tanhShare" | "tanhGain" | "lampCorrelation" | "magnitudeCorrelation" | "multiplicationsPerWeight" | "valuesPerWeight" | "bitsPerWeight" | "modelBytes" | "parameters" | "sparsity" | "layerEvaluations" | "acceptedShare" | "layersPerToken" | "decodingBytes" | "quantizationError" | "timeRatio" | "twinTimeRatio" | "trainingLoss" | "gradientNorm" | "learningRate" | "similarityAttention" | "similarityMlp" | "similarityNeighbours" | "similarityMiddle" | "similarityOuter" | "gradientNormEarly" | "gradientNormLate" | "gradientSpread" | "stateSizeEarly" | "stateSizeLate" | "stateLargest";
        } | {
            /** @enum {string} */
            kind: "dispersion";
        };
        Margin: {
            /** @enum {string} */
            kind: "absolute";
            value: number;
        } | {
            /** @enum {string} */
            kind: "relative";
            value: number;
            of: string;
        };
        CountedClaim: {
            claimed: number;
            /** @enum {string} */
            relation: "=" | "about" | "<" | "<=" | ">" | ">=" | "up-to" | "at-least";
            decimals: number;
        };
        Control: {
            id: string;
            /** @enum {string} */
            kind: "positive" | "negative" | "bit";
            statement: string;
            part: components["schemas"]["ProtocolPart"] | null;
            /** @default null */
            arm: string | null;
        };
        Plan: {
            /** @enum {string} */
            name: "fixed";
            blocks: number;
        } | {
            /** @enum {string} */
            name: "standard";
        } | {
            /** @enum {string} */
            name: "cheap";
        } | {
            /** @enum {string} */
            name: "pilot";
            most: number;
        };
        ExperimentSummary: {
            id: string;
            title: string;
            state: components["schemas"]["ExperimentState"];
            claim: string | null;
            /** Format: date-time */
            createdAt: string;
            finishedAt: string | null;
            counts: components["schemas"]["RunCounts"];
            remainingSeconds: number | null;
            reason: string | null;
            /** @enum {string} */
            kind: "comparison" | "protocol";
            verdictWord: string | null;
        };
        RunCounts: {
            queued: number;
            claimed: number;
            running: number;
            succeeded: number;
            failed: number;
            cancelled: number;
            "timed-out": number;
        };
        TechniqueDescriptor: {
            id: string;
            title: string;
            family: components["schemas"]["Family"] | ("combined" | "none");
            seam: components["schemas"]["Seam"];
            summary: string;
            equation: string | null;
            papers: number[];
            parametersSchema: {
                [key: string]: components["schemas"]["Json"];
            };
            grid: {
                [key: string]: components["schemas"]["Json"][];
            };
        };
        /** @enum {string} */
        Seam: "architecture" | "training" | "checkpoint" | "inference";
        SubjectOption: {
            /** @enum {string} */
            kind: "recipe" | "classifier" | "checkpoint";
            name: string;
            title: string;
            description: string;
            parameters: number;
            data: string[];
            spec: components["schemas"]["SubjectSpec"] | null;
            unavailable: string | null;
        };
        SubjectSpec: {
            /** @enum {string} */
            kind: "recipe";
            name: string;
            architecture: components["schemas"]["DecoderArchitecture"];
            tokenizer: {
                /** @enum {string} */
                kind: "byte";
            } | {
                /** @enum {string} */
                kind: "byte-pair";
                vocabularySize: number;
            };
            data: components["schemas"]["DataRef"];
            training: components["schemas"]["TrainingSpec"];
            fineTuning?: components["schemas"]["FineTuningSpec"];
        } | {
            /** @enum {string} */
            kind: "classifier";
            name: string;
            architecture: components["schemas"]["PerceptronArchitecture"];
            data: components["schemas"]["DataRef"];
            training: components["schemas"]["TrainingSpec"];
        } | {
            /** @enum {string} */
            kind: "checkpoint";
            name: string;
            sha256: string;
        };
        DecoderArchitecture: {
            /** @enum {string} */
            style: "gpt2" | "llama" | "modernbert";
            layers: number;
            hiddenSize: number;
            heads: number;
            feedForwardSize: number;
            contextLength: number;
        };
        DataRef: {
            name: string;
            sha256: string;
        };
        TrainingSpec: {
            tokens: number;
            batchSize: number;
            learningRate: number;
            warmup: number;
            weightDecay: number;
            gradientClip: number | null;
            schedule?: components["schemas"]["ScheduleSpec"];
            optimiser?: components["schemas"]["OptimiserSpec"];
            microBatchSize?: number;
        };
        ScheduleSpec: {
            /** @enum {string} */
            kind: "constant";
        } | {
            /** @enum {string} */
            kind: "cosine";
            final: number;
        } | {
            /** @enum {string} */
            kind: "linear";
            final: number;
        } | {
            /** @enum {string} */
            kind: "warmup-stable-decay";
            decay: number;
            /** @enum {string} */
            shape: "linear" | "cosine" | "one-minus-square-root";
            final: number;
        };
        OptimiserSpec: {
            /** @enum {string} */
            kind: "adamw";
            beta1: number;
            beta2: number;
            epsilon: number;
        } | {
            /** @enum {string} */
            kind: "adam";
            beta1: number;
            beta2: number;
            epsilon: number;
        } | {
            /** @enum {string} */
            kind: "lion";
            beta1: number;
            beta2: number;
        } | {
            /** @enum {string} */
            kind: "sgd";
            momentum: number;
            nesterov: boolean;
        } | {
            /** @enum {string} */
            kind: "adafactor";
            decay: number;
            threshold: number;
        } | {
            /** @enum {string} */
            kind: "adagrad";
            epsilon: number;
        } | {
            /** @enum {string} */
            kind: "rmsprop";
            alpha: number;
            momentum: number;
            centered: boolean;
            epsilon: number;
        };
        FineTuningSpec: {
            data: components["schemas"]["DataRef"];
            tokens: number;
            rateShare: number;
        };
        PerceptronArchitecture: {
            inputs: number;
            hiddenSizes: number[];
            classes: number;
            /** @enum {string} */
            activation: "relu" | "gelu-tanh";
        };
        DataSetOption: {
            name: string;
            title: string;
            description: string;
            sha256: string;
            bytes: number;
            unavailable: string | null;
        };
        BackendOption: {
            name: components["schemas"]["BackendName"];
            title: string;
            description: string;
            unavailable: string | null;
        };
        ExperimentRequestInput: components["schemas"]["ComparisonRequestInput"] | components["schemas"]["ProtocolRequest"];
        ComparisonRequestInput: {
            /** @enum {string} */
            kind: "comparison";
            title: string;
            /** @default null */
            claim: string | null;
            subject: {
                /** @enum {string} */
                kind: "recipe";
                name: string;
            } | {
                /** @enum {string} */
                kind: "classifier";
                name: string;
            } | {
                /** @enum {string} */
                kind: "checkpoint";
                name: string;
            };
            /** @default {} */
            training: {
                tokens?: number;
                batchSize?: number;
                learningRate?: number;
                warmup?: number;
                weightDecay?: number;
                gradientClip?: number | null;
                schedule?: components["schemas"]["ScheduleSpec"];
                optimiser?: components["schemas"]["OptimiserSpec"];
                microBatchSize?: number;
            };
            data: string;
            /** @default 400 */
            items: number;
            /** @default [] */
            probes: components["schemas"]["ProbeSpec"][];
            techniques: {
                id: string;
                /** @default {} */
                parameters: {
                    [key: string]: components["schemas"]["Json"];
                };
                /** @default {} */
                grid: {
                    [key: string]: components["schemas"]["Json"][];
                };
            }[];
            /** @default true */
            withBaseline: boolean;
            /** @default 3 */
            seeds: number;
            /** @default native */
            backend: components["schemas"]["BackendName"];
            /** @default true */
            reuse: boolean;
        };
        ProtocolRequest: {
            /** @enum {string} */
            kind: "protocol";
            protocolId: string;
            backend?: components["schemas"]["BackendName"];
        };
        ExperimentPlan: {
            runs: number;
            bases: number;
            reused: number;
            computeSeconds: number;
            wallSeconds: number;
            arms: {
                arm: string;
                label: string;
                runs: number;
            }[];
            limit: number;
            atMostRuns: number;
            notes: string[];
        };
        ExperimentView: {
            id: string;
            title: string;
            state: components["schemas"]["ExperimentState"];
            claim: string | null;
            request: components["schemas"]["ExperimentRequest"];
            registration: {
                registered: components["schemas"]["RegisteredProtocol"];
                protocolHash: string;
                reveal: components["schemas"]["SeedReveal"];
            } | null;
            /** Format: date-time */
            createdAt: string;
            finishedAt: string | null;
            /** @enum {string} */
            phase: "tuning" | "judged";
            counts: components["schemas"]["RunCounts"];
            remainingSeconds: number | null;
            verdict: components["schemas"]["Verdict"] | null;
            reason: string | null;
        };
        ExperimentRequest: components["schemas"]["ComparisonRequest"] | components["schemas"]["ProtocolRequest"];
        ComparisonRequest: {
            /** @enum {string} */
            kind: "comparison";
            title: string;
            /** @default null */
            claim: string | null;
            subject: {
                /** @enum {string} */
                kind: "recipe";
                name: string;
            } | {
                /** @enum {string} */
                kind: "classifier";
                name: string;
            } | {
                /** @enum {string} */
                kind: "checkpoint";
                name: string;
            };
            /** @default {} */
            training: {
                tokens?: number;
                batchSize?: number;
                learningRate?: number;
                warmup?: number;
                weightDecay?: number;
                gradientClip?: number | null;
                schedule?: components["schemas"]["ScheduleSpec"];
                optimiser?: components["schemas"]["OptimiserSpec"];
                microBatchSize?: number;
            };
            data: string;
            /** @default 400 */
            items: number;
            /** @default [] */
            probes: components["schemas"]["ProbeSpec"][];
            techniques: {
                id: string;
                /** @default {} */
                parameters: {
                    [key: string]: components["schemas"]["Json"];
                };
                /** @default {} */
                grid: {
                    [key: string]: components["schemas"]["Json"][];
                };
            }[];
            /** @default true */
            withBaseline: boolean;
            /** @default 3 */
            seeds: number;
            /** @default native */
            backend: components["schemas"]["BackendName"];
            /** @default true */
            reuse: boolean;
        };
        RegisteredProtocol: {
            ruleVersion: number;
            protocol: components["schemas"]["Protocol"];
            subject: components["schemas"]["SubjectSpec"];
            secondSubject: components["schemas"]["SubjectSpec"] | null;
            armSubjects?: {
                [key: string]: components["schemas"]["SubjectSpec"];
            };
            evaluation: components["schemas"]["EvaluationSpec"];
        };
        EvaluationSpec: {
            data: components["schemas"]["DataRef"];
            /** @enum {string} */
            split: "validation" | "test";
            items: number;
            windowTokens: number | null;
            probes?: components["schemas"]["ProbeSpec"][];
        };
        SeedReveal: {
            index: number;
            commitment: string;
            secret: string;
            protocolHash: string;
        };
        ExperimentPage: {
            items: components["schemas"]["ExperimentSummary"][];
            next: string | null;
            total: number | null;
        };
        RunPage: {
            items: components["schemas"]["RunSummary"][];
            next: string | null;
            total: number | null;
        };
        RunSummary: {
            id: string;
            state: components["schemas"]["RunState"];
            arm: string;
            label: string;
            /** @enum {string} */
            role: "base" | "tuning" | "judged" | "control";
            block: number;
            stage: number;
            seed: number;
            specHash: string;
            technique: string;
            parameters: {
                [key: string]: components["schemas"]["Json"];
            };
            metrics: {
                [key: string]: number;
            };
            progress: number | null;
            reused: boolean;
            failure: components["schemas"]["Failure"] | null;
            seconds: number | null;
        };
        Comparison: {
            baseline: string | null;
            /** @enum {string} */
            metric: "natsPerByte" | "natsPerToken" | "natsPerItem" | "top1Accuracy" | "answerAccuracy" | "choiceAccuracy" | "top1Agreement" | "klDivergence" | "stateErrorEarly" | "stateErrorLate" | "tanhShare" | "tanhGain" | "lampCorrelation" | "magnitudeCorrelation" | "multiplicationsPerWeight" | "valuesPerWeight" | "bitsPerWeight" | "modelBytes" | "parameters" | "sparsity" | "layerEvaluations" | "acceptedShare" | "layersPerToken" | "decodingBytes" | "quantizationError" | "timeRatio" | "twinTimeRatio" | "trainingLoss" | "gradientNorm" | "learningRate" | "similarityAttention" | "similarityMlp" | "similarityNeighbours" | "similarityMiddle" | "similarityOuter" | "gradientNormEarly" | "gradientNormLate" | "gradientSpread" | "stateSizeEarly" | "stateSizeLate" | "stateLargest";
            rows: components["schemas"]["ComparisonRow"][];
        };
        ComparisonRow: {
            arm: string;
            label: string;
            technique: string;
            parameters: {
                [key: string]: components["schemas"]["Json"];
            };
            n: number;
            failed: number;
            metrics: {
                [key: string]: {
                    mean: number;
                    sd: number | null;
                };
            };
            difference: {
                /** @enum {string} */
                metric: "natsPerByte" | "natsPerToken" | "natsPerItem" | "top1Accuracy" | "answerAccuracy" | "choiceAccuracy" | "top1Agreement" | "klDivergence" | "stateErrorEarly" | "stateErrorLate" | "tanhShare" | "tanhGain" | "lampCorrelation" | "magnitudeCorrelation" | "multiplicationsPerWeight" | "valuesPerWeight" | "bitsPerWeight" | "modelBytes" | "parameters" | "sparsity" | "layerEvaluations" | "acceptedShare" | "layersPerToken" | "decodingBytes" | "quantizationError" | "timeRatio" | "twinTimeRatio" | "trainingLoss" | "gradientNorm" | "learningRate" | "similarityAttention" | "similarityMlp" | "similarityNeighbours" | "similarityMiddle" | "similarityOuter" | "gradientNormEarly" | "gradientNormLate" | "gradientSpread" | "stateSizeEarly" | "stateSizeLate" | "stateLargest";
                effect: number;
                interval: components["schemas"]["Interval"];
                n: number;
            } | null;
        };
        Curves: {
            series: string;
            arms: {
                arm: string;
                label: string;
                runs: {
                    runId: string;
                    block: number;
                    state: components["schemas"]["RunState"];
                    count: number;
                    buckets: {
                        step: number;
                        min: number;
                        max: number;
                        mean: number;
                        count: number;
                    }[];
                }[];
            }[];
        };
        Flip: {
            claim: string;
            protocolId: string;
            experimentId: string;
            from: {
                verdict: components["schemas"]["VerdictWord"];
                reason: string;
                ruleVersion: number;
            };
            to: {
                verdict: components["schemas"]["VerdictWord"];
                reason: string;
                ruleVersion: number;
            };
        };
        RuleChange: {
            ruleVersion: number;
            judged: number;
            dryRun: boolean;
            flips: components["schemas"]["Flip"][];
        };
        RunView: {
            id: string;
            state: components["schemas"]["RunState"];
            spec: components["schemas"]["RunSpec"];
            specHash: string;
            /** Format: date-time */
            createdAt: string;
            startedAt: string | null;
            finishedAt: string | null;
            progress: number | null;
            outcome: components["schemas"]["Outcome"] | null;
            failure: components["schemas"]["Failure"] | null;
            attempts: components["schemas"]["AttemptView"][];
            series: components["schemas"]["SeriesSummary"][];
            lineage: {
                base: {
                    id: string;
                    specHash: string;
                    state: components["schemas"]["RunState"];
                } | null;
                experiments: {
                    id: string;
                    title: string;
                    arm: string;
                    role: string;
                }[];
                artifacts: {
                    name: string;
                    sha256: string;
                    bytes: number;
                }[];
            };
        };
        RunSpec: {
            /** @enum {number} */
            version: 1;
            subject: components["schemas"]["SubjectSpec"];
            technique: components["schemas"]["TechniqueSpec"];
            evaluation: components["schemas"]["EvaluationSpec"];
            seed: number;
            backend: components["schemas"]["BackendName"];
            timing?: components["schemas"]["TimingSpec"];
        };
        Outcome: {
            metrics: {
                [key: string]: number;
            };
            items: components["schemas"]["ItemValues"] | null;
            probeItems?: components["schemas"]["ItemValues"][];
            diverged: {
                step: number;
                reason: string;
            } | null;
            timings: {
                [key: string]: number;
            };
            digest: string;
            environment: {
                [key: string]: string | number;
            };
        };
        ItemValues: {
            metric: string;
            values: number[];
        };
        AttemptView: {
            number: number;
            worker: string;
            machine: {
                [key: string]: string | number;
            };
            /** Format: date-time */
            claimedAt: string;
            startedAt: string | null;
            endedAt: string | null;
            end: ("succeeded" | "failed" | "cancelled" | "timed-out" | "lost") | null;
            failure: components["schemas"]["Failure"] | null;
        };
        SeriesBuckets: {
            series: string;
            count: number;
            buckets: {
                step: number;
                min: number;
                max: number;
                mean: number;
                count: number;
            }[];
        };
        LogPage: {
            items: components["schemas"]["LogLine"][];
            next: number | null;
        };
        LogLine: {
            sequence: number;
            /** Format: date-time */
            at: string;
            /** @enum {string} */
            level: "info" | "warn" | "error";
            message: string;
        };
        WorkerHello: {
            worker: string;
            machine: {
                [key: string]: string | number;
            };
            running: number;
        };
        ClaimRunRequest: {
            worker: string;
            machine: {
                [key: string]: string | number;
            };
        };
        ClaimedRun: {
            runId: string;
            token: number;
            spec: components["schemas"]["RunSpec"];
            specHash: string;
            leaseSeconds: number;
            limits: {
                seconds: number;
                memoryMiB: number;
            };
            base: {
                specHash: string;
                checkpoint: components["schemas"]["ArtifactRef"];
            } | null;
        };
        ArtifactRef: {
            name: string;
            sha256: string;
            bytes: number;
        };
        StartRun: {
            token: number;
        };
        Heartbeat: {
            token: number;
            progress: number | null;
        };
        HeartbeatAnswer: {
            leaseSeconds: number;
            cancel: boolean;
        };
        PointBatchInput: {
            token: number;
            batch: number;
            points: components["schemas"]["Point"][];
            /** @default [] */
            log: components["schemas"]["LogLine"][];
        };
        Point: {
            series: string;
            step: number;
            value: number;
        };
        PointBatchAnswer: {
            applied: boolean;
        };
        ReleaseRun: {
            token: number;
        };
        FinishRun: {
            token: number;
            result: {
                /** @enum {string} */
                state: "succeeded";
                outcome: components["schemas"]["Outcome"];
                artifacts: components["schemas"]["ArtifactRef"][];
            } | {
                /** @enum {string} */
                state: "failed";
                failure: components["schemas"]["Failure"];
            } | {
                /** @enum {string} */
                state: "timed-out";
                failure: components["schemas"]["Failure"];
            } | {
                /** @enum {string} */
                state: "cancelled";
            };
        };
        Health: {
            /** @enum {string} */
            status: "up" | "down";
            /** @enum {string} */
            database: "up" | "down";
            /** @enum {string} */
            queue: "up" | "down";
        };
        SystemStatus: {
            version: string;
            ruleVersion: number;
            /** @enum {string} */
            database: "up" | "down";
            /** @enum {string} */
            queue: "up" | "down";
            /** @enum {string} */
            queueBackend: "postgres" | "redis";
            workers: {
                name: string;
                /** Format: date-time */
                lastSeen: string;
                machine: {
                    [key: string]: string | number;
                };
                running: number;
            }[];
            nextCommitment: string;
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
    streamEvents: {
        parameters: {
            query?: {
                experiment?: string;
                run?: string;
                lastEventId?: string;
            };
            header?: {
                "Last-Event-ID"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": components["schemas"]["LiveEvent"];
                };
            };
            /** @description invalid-request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": components["schemas"]["Problem"];
                };
            };
            /** @description database-unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": components["schemas"]["Problem"];
                };
            };
        };
    };
    listPapers: {
        parameters: {
            query?: {
                cursor?: string;
                limit?: number;
                family?: components["schemas"]["Family"];
                q?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PaperPage"];
                };
            };
            /** @description invalid-request, invalid-cursor */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description database-unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getPaper: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                number: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Paper"];
                };
            };
            /** @description not-found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getBibtex: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                number: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/x-bibtex": string;
                };
            };
            /** @description not-found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/x-bibtex": components["schemas"]["Problem"];
                };
            };
        };
    };
    listClaims: {
        parameters: {
            query?: {
                cursor?: string;
                limit?: number;
                family?: components["schemas"]["Family"];
                status?: "verdict" | "implemented" | "planned" | "not-testable-here" | "outside";
                verdict?: components["schemas"]["VerdictWord"];
                testable?: "quick" | "standard" | "full" | "not-here";
                q?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ClaimPage"];
                };
            };
            /** @description invalid-request, invalid-cursor */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description database-unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getClaim: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ClaimView"];
                };
            };
            /** @description not-found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description database-unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listTechniques: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TechniqueDescriptor"][];
                };
            };
        };
    };
    getTechnique: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TechniqueDescriptor"];
                };
            };
            /** @description not-found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listSubjects: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SubjectOption"][];
                };
            };
        };
    };
    listDataSets: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DataSetOption"][];
                };
            };
        };
    };
    listBackends: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BackendOption"][];
                };
            };
        };
    };
    planExperiment: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ExperimentRequestInput"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ExperimentPlan"];
                };
            };
            /** @description invalid-request, unknown-technique, unknown-subject, unknown-data-set, invalid-parameters, technique-does-not-fit, too-many-runs, backend-unavailable */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description unknown-protocol */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description database-unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listExperiments: {
        parameters: {
            query?: {
                cursor?: string;
                limit?: number;
                state?: components["schemas"]["ExperimentState"];
                claim?: string;
                q?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ExperimentPage"];
                };
            };
            /** @description invalid-request, invalid-cursor */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description database-unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    submitExperiment: {
        parameters: {
            query?: never;
            header?: {
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ExperimentRequestInput"];
            };
        };
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ExperimentView"];
                };
            };
            /** @description invalid-request, unknown-technique, unknown-subject, unknown-data-set, invalid-parameters, technique-does-not-fit, too-many-runs, backend-unavailable */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description unknown-protocol */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description database-unavailable, queue-unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getExperiment: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ExperimentView"];
                };
            };
            /** @description not-found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description database-unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listExperimentRuns: {
        parameters: {
            query?: {
                cursor?: string;
                limit?: number;
                state?: components["schemas"]["RunState"];
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RunPage"];
                };
            };
            /** @description invalid-request, invalid-cursor */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description not-found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description database-unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getComparison: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Comparison"];
                };
            };
            /** @description not-found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description database-unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getCurves: {
        parameters: {
            query: {
                series: string;
                buckets?: number;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Curves"];
                };
            };
            /** @description invalid-request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description not-found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description database-unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    cancelExperiment: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ExperimentView"];
                };
            };
            /** @description not-found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description database-unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listFlips: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Flip"][];
                };
            };
            /** @description database-unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    reevaluate: {
        parameters: {
            query?: {
                dryRun?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RuleChange"];
                };
            };
            /** @description invalid-request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description database-unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getRun: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RunView"];
                };
            };
            /** @description not-found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description database-unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getSeries: {
        parameters: {
            query?: {
                buckets?: number;
                from?: number;
                to?: number;
            };
            header?: never;
            path: {
                id: string;
                series: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SeriesBuckets"];
                };
            };
            /** @description invalid-request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description not-found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description database-unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getLog: {
        parameters: {
            query?: {
                after?: number;
                limit?: number;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LogPage"];
                };
            };
            /** @description invalid-request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description not-found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description database-unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    cancelRun: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RunView"];
                };
            };
            /** @description not-found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description database-unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    hello: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WorkerHello"];
            };
        };
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description invalid-request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description database-unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    claimRun: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ClaimRunRequest"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ClaimedRun"];
                };
            };
            /** @description invalid-request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description not-found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description run-not-claimable */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description database-unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    startRun: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["StartRun"];
            };
        };
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description invalid-request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description not-found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description lease-lost */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description database-unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    heartbeat: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Heartbeat"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HeartbeatAnswer"];
                };
            };
            /** @description invalid-request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description not-found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description lease-lost */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description database-unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    addPoints: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PointBatchInput"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PointBatchAnswer"];
                };
            };
            /** @description invalid-request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description not-found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description lease-lost */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description database-unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    releaseRun: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ReleaseRun"];
            };
        };
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description invalid-request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description not-found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description lease-lost */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description database-unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    finishRun: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["FinishRun"];
            };
        };
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description invalid-request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description not-found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description lease-lost */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description database-unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getArtifact: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                sha256: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/octet-stream": string;
                };
            };
            /** @description unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description not-found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/octet-stream": components["schemas"]["Problem"];
                };
            };
            /** @description database-unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    putArtifact: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                sha256: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/octet-stream": string;
            };
        };
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description invalid-request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description artifact-too-large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description hash-mismatch */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description database-unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description artifact-store-full */
            507: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getHealth: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Health"];
                };
            };
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Health"];
                };
            };
        };
    };
    getSystem: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SystemStatus"];
                };
            };
            /** @description database-unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getVerdict: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["VerdictRecord"];
                };
            };
            /** @description not-found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description database-unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getCitation: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/yaml": string;
                };
            };
            /** @description not-found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/yaml": components["schemas"]["Problem"];
                };
            };
            /** @description database-unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/yaml": components["schemas"]["Problem"];
                };
            };
        };
    };
}
