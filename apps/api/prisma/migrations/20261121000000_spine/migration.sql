-- CreateSchema
CREATE SCHEMA IF NOT EXISTS "public";

-- CreateTable
CREATE TABLE "experiment" (
    "id" UUID NOT NULL,
    "kind" TEXT NOT NULL,
    "title" TEXT NOT NULL,
    "claim" TEXT,
    "request" JSONB NOT NULL,
    "request_hash" TEXT NOT NULL,
    "idempotency_key" TEXT,
    "state" TEXT NOT NULL DEFAULT 'running',
    "stage" INTEGER NOT NULL DEFAULT 0,
    "registered" JSONB,
    "protocol_hash" TEXT,
    "reason" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "finished_at" TIMESTAMPTZ(3),

    CONSTRAINT "experiment_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "run" (
    "id" UUID NOT NULL,
    "spec" JSONB NOT NULL,
    "spec_hash" TEXT NOT NULL,
    "shared" BOOLEAN NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'queued',
    "attempt" INTEGER NOT NULL DEFAULT 0,
    "base_id" UUID,
    "lease_until" TIMESTAMPTZ(3),
    "progress" DOUBLE PRECISION,
    "metrics" JSONB NOT NULL DEFAULT '{}',
    "outcome" JSONB,
    "failure" JSONB,
    "log_lines" INTEGER NOT NULL DEFAULT 0,
    "compacted" BOOLEAN NOT NULL DEFAULT false,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "started_at" TIMESTAMPTZ(3),
    "finished_at" TIMESTAMPTZ(3),

    CONSTRAINT "run_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "experiment_run" (
    "experiment_id" UUID NOT NULL,
    "position" INTEGER NOT NULL,
    "run_id" UUID NOT NULL,
    "arm" TEXT NOT NULL,
    "label" TEXT NOT NULL,
    "role" TEXT NOT NULL,
    "stage" INTEGER NOT NULL,
    "block" INTEGER NOT NULL,
    "fresh" BOOLEAN NOT NULL,
    "reused" BOOLEAN NOT NULL,
    "estimated_seconds" DOUBLE PRECISION NOT NULL,

    CONSTRAINT "experiment_run_pkey" PRIMARY KEY ("experiment_id","position")
);

-- CreateTable
CREATE TABLE "attempt" (
    "run_id" UUID NOT NULL,
    "number" INTEGER NOT NULL,
    "worker" TEXT NOT NULL,
    "machine" JSONB NOT NULL,
    "claimed_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "started_at" TIMESTAMPTZ(3),
    "ended_at" TIMESTAMPTZ(3),
    "end" TEXT,
    "failure" JSONB,

    CONSTRAINT "attempt_pkey" PRIMARY KEY ("run_id","number")
);

-- CreateTable
CREATE TABLE "series" (
    "id" SERIAL NOT NULL,
    "run_id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "count" INTEGER NOT NULL DEFAULT 0,
    "last" DOUBLE PRECISION NOT NULL DEFAULT 0,
    "last_step" INTEGER NOT NULL DEFAULT -1,
    "min" DOUBLE PRECISION NOT NULL DEFAULT 0,
    "max" DOUBLE PRECISION NOT NULL DEFAULT 0,

    CONSTRAINT "series_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "point" (
    "series_id" INTEGER NOT NULL,
    "step" INTEGER NOT NULL,
    "value" DOUBLE PRECISION NOT NULL,

    CONSTRAINT "point_pkey" PRIMARY KEY ("series_id","step")
);

-- CreateTable
CREATE TABLE "point_chunk" (
    "series_id" INTEGER NOT NULL,
    "first_step" INTEGER NOT NULL,
    "last_step" INTEGER NOT NULL,
    "steps" INTEGER[],
    "values" DOUBLE PRECISION[],

    CONSTRAINT "point_chunk_pkey" PRIMARY KEY ("series_id","first_step")
);

-- CreateTable
CREATE TABLE "point_batch" (
    "run_id" UUID NOT NULL,
    "attempt" INTEGER NOT NULL,
    "batch" INTEGER NOT NULL,

    CONSTRAINT "point_batch_pkey" PRIMARY KEY ("run_id","attempt","batch")
);

-- CreateTable
CREATE TABLE "log_line" (
    "run_id" UUID NOT NULL,
    "sequence" INTEGER NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "level" TEXT NOT NULL,
    "message" TEXT NOT NULL,

    CONSTRAINT "log_line_pkey" PRIMARY KEY ("run_id","sequence")
);

-- CreateTable
CREATE TABLE "artifact" (
    "sha256" TEXT NOT NULL,
    "bytes" BIGINT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "artifact_pkey" PRIMARY KEY ("sha256")
);

-- CreateTable
CREATE TABLE "run_artifact" (
    "run_id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "sha256" TEXT NOT NULL,

    CONSTRAINT "run_artifact_pkey" PRIMARY KEY ("run_id","name")
);

-- CreateTable
CREATE TABLE "verdict" (
    "id" UUID NOT NULL,
    "experiment_id" UUID NOT NULL,
    "claim" TEXT NOT NULL,
    "word" TEXT NOT NULL,
    "rule_version" INTEGER NOT NULL,
    "cause" TEXT NOT NULL,
    "evidence_level" TEXT NOT NULL,
    "verdict" JSONB NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "verdict_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "event" (
    "transaction" BIGINT NOT NULL DEFAULT ((pg_current_xact_id())::text)::bigint,
    "id" BIGSERIAL NOT NULL,
    "run_id" UUID,
    "experiment_ids" UUID[],
    "event" JSONB NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "event_pkey" PRIMARY KEY ("transaction","id")
);

-- CreateTable
CREATE TABLE "seed_chain" (
    "id" SERIAL NOT NULL,
    "root" TEXT NOT NULL,
    "length" INTEGER NOT NULL,
    "next" INTEGER NOT NULL DEFAULT 0,
    "offset" INTEGER NOT NULL,

    CONSTRAINT "seed_chain_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "seed_reveal" (
    "index" INTEGER NOT NULL,
    "commitment" TEXT NOT NULL,
    "secret" TEXT NOT NULL,
    "protocol_hash" TEXT NOT NULL,
    "experiment_id" UUID NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "seed_reveal_pkey" PRIMARY KEY ("index")
);

-- CreateTable
CREATE TABLE "worker" (
    "name" TEXT NOT NULL,
    "machine" JSONB NOT NULL,
    "running" INTEGER NOT NULL,
    "last_seen" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "worker_pkey" PRIMARY KEY ("name")
);

-- CreateIndex
CREATE UNIQUE INDEX "experiment_idempotency_key_key" ON "experiment"("idempotency_key");

-- CreateIndex
CREATE INDEX "experiment_claim_id_idx" ON "experiment"("claim", "id");

-- CreateIndex
CREATE INDEX "run_base_id_idx" ON "run"("base_id");

-- CreateIndex
CREATE INDEX "experiment_run_run_id_idx" ON "experiment_run"("run_id");

-- CreateIndex
CREATE UNIQUE INDEX "series_run_id_name_key" ON "series"("run_id", "name");

-- CreateIndex
CREATE INDEX "verdict_claim_at_idx" ON "verdict"("claim", "at");

-- CreateIndex
CREATE INDEX "event_at_idx" ON "event"("at");

-- CreateIndex
CREATE UNIQUE INDEX "seed_chain_offset_key" ON "seed_chain"("offset");

-- CreateIndex
CREATE UNIQUE INDEX "seed_reveal_experiment_id_key" ON "seed_reveal"("experiment_id");

-- AddForeignKey
ALTER TABLE "run" ADD CONSTRAINT "run_base_id_fkey" FOREIGN KEY ("base_id") REFERENCES "run"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "experiment_run" ADD CONSTRAINT "experiment_run_experiment_id_fkey" FOREIGN KEY ("experiment_id") REFERENCES "experiment"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "experiment_run" ADD CONSTRAINT "experiment_run_run_id_fkey" FOREIGN KEY ("run_id") REFERENCES "run"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "attempt" ADD CONSTRAINT "attempt_run_id_fkey" FOREIGN KEY ("run_id") REFERENCES "run"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "series" ADD CONSTRAINT "series_run_id_fkey" FOREIGN KEY ("run_id") REFERENCES "run"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "point_chunk" ADD CONSTRAINT "point_chunk_series_id_fkey" FOREIGN KEY ("series_id") REFERENCES "series"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "point_batch" ADD CONSTRAINT "point_batch_run_id_fkey" FOREIGN KEY ("run_id") REFERENCES "run"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "log_line" ADD CONSTRAINT "log_line_run_id_fkey" FOREIGN KEY ("run_id") REFERENCES "run"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "run_artifact" ADD CONSTRAINT "run_artifact_run_id_fkey" FOREIGN KEY ("run_id") REFERENCES "run"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "run_artifact" ADD CONSTRAINT "run_artifact_sha256_fkey" FOREIGN KEY ("sha256") REFERENCES "artifact"("sha256") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "verdict" ADD CONSTRAINT "verdict_experiment_id_fkey" FOREIGN KEY ("experiment_id") REFERENCES "experiment"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "seed_reveal" ADD CONSTRAINT "seed_reveal_experiment_id_fkey" FOREIGN KEY ("experiment_id") REFERENCES "experiment"("id") ON DELETE RESTRICT ON UPDATE CASCADE;



-- What Prisma's schema cannot say.

-- The words are those of the contracts; a test compares them.
ALTER TABLE "run" ADD CONSTRAINT "run_state" CHECK ("state" IN ('queued', 'claimed', 'running', 'succeeded', 'failed', 'cancelled', 'timed-out'));
ALTER TABLE "experiment" ADD CONSTRAINT "experiment_state" CHECK ("state" IN ('running', 'succeeded', 'failed', 'cancelled'));
ALTER TABLE "experiment_run" ADD CONSTRAINT "experiment_run_role" CHECK ("role" IN ('base', 'tuning', 'judged', 'control'));
ALTER TABLE "attempt" ADD CONSTRAINT "attempt_end" CHECK ("end" IN ('succeeded', 'failed', 'cancelled', 'timed-out', 'lost'));

-- A run has an outcome exactly when it succeeded, a reason exactly when it ended otherwise, a lease exactly while somebody has it.
ALTER TABLE "run" ADD CONSTRAINT "run_outcome" CHECK (("state" = 'succeeded') = ("outcome" IS NOT NULL));
ALTER TABLE "run" ADD CONSTRAINT "run_failure" CHECK (("state" IN ('failed', 'cancelled', 'timed-out')) = ("failure" IS NOT NULL));
ALTER TABLE "run" ADD CONSTRAINT "run_lease" CHECK (("state" IN ('claimed', 'running')) = ("lease_until" IS NOT NULL));
ALTER TABLE "run" ADD CONSTRAINT "run_finished" CHECK (("state" IN ('queued', 'claimed', 'running')) = ("finished_at" IS NULL));

-- Two experiments that ask for the same spec at once get one run.
CREATE UNIQUE INDEX "run_shared_spec" ON "run" ("spec_hash") WHERE "shared" AND "state" IN ('queued', 'claimed', 'running', 'succeeded');
-- What the reconciler looks at: few rows, however many runs there ever were.
CREATE INDEX "run_open" ON "run" ("state") WHERE "state" IN ('queued', 'claimed', 'running');
CREATE INDEX "run_to_compact" ON "run" ("id") WHERE NOT "compacted" AND "finished_at" IS NOT NULL;
CREATE INDEX "experiment_open" ON "experiment" ("id") WHERE "state" = 'running';

-- One verdict by new evidence for an experiment, whoever computes it; and none is ever changed.
CREATE UNIQUE INDEX "verdict_once" ON "verdict" ("experiment_id") WHERE "cause" = 'new-evidence';
CREATE FUNCTION "refuse_change" () RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'verdicts are appended, never changed';
END
$$;
CREATE TRIGGER "verdict_append_only" BEFORE UPDATE OR DELETE ON "verdict" FOR EACH ROW EXECUTE FUNCTION "refuse_change" ();

-- A few rows are updated again and again (heartbeats, counters): room on the page keeps those updates in place.
ALTER TABLE "run" SET (fillfactor = 70);
ALTER TABLE "series" SET (fillfactor = 70);
