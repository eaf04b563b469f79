// @prisma/adapter-pg is made for queries; migrations ask three more things of a driver, which are added here.
import { PrismaPg } from '@prisma/adapter-pg';
import { ColumnTypeEnum } from '@prisma/driver-adapter-utils';
import parse from 'pg-connection-string';

/** Object ids of PostgreSQL's types "char" (one byte, used all over its catalogue) and text. */
const CHAR_OID = 18;
const TEXT_OID = 25;

export class MigrationAdapter extends PrismaPg {
  #config;

  constructor(url) {
    // Fields one by one: a connectionString would win over the shadow database's name below.
    const { connectionString: _, ...fields } = { ...parse(url) };
    const config = { ...fields, port: fields.port ? Number(fields.port) : undefined };
    super(config);
    this.#config = config;
  }

  async connect() {
    return forMigrations(await super.connect());
  }

  /** A database of its own in which migrations are replayed; dropped when its connection is disposed of. */
  async connectToShadowDb() {
    const database = `prisma_migrate_shadow_db_${crypto.randomUUID()}`;
    const main = await super.connect();
    await main.client.query(`create database "${database}"`);
    const shadow = await new PrismaPg({ ...this.#config, database }).connect();
    const disconnect = shadow.dispose.bind(shadow);
    shadow.dispose = async () => {
      // Its own pool first: a database that somebody is connected to cannot be dropped.
      await disconnect();
      await main.client.query(`drop database if exists "${database}" with (force)`);
      await main.dispose();
    };
    return forMigrations(shadow);
  }
}

function forMigrations(adapter) {
  const { queryRaw } = adapter;
  const performIO = adapter.performIO.bind(adapter);

  // The adapter does not know "char": it is read as text and told to the engine as a character.
  adapter.queryRaw = async (query) => {
    const characters = [];
    // A receiver for this call alone, so that calls in flight at once keep their own list.
    const receiver = Object.create(adapter, {
      performIO: {
        value: async (io) => {
          const result = await performIO(io);
          for (const [column, field] of (result.fields ?? []).entries()) {
            if (field.dataTypeID !== CHAR_OID) continue;
            characters.push(column);
            field.dataTypeID = TEXT_OID;
          }
          return result;
        },
      },
    });
    const rows = await queryRaw.call(receiver, query);
    for (const column of characters) rows.columnTypes[column] = ColumnTypeEnum.Character;
    return rows;
  };

  // The adapter splits a script at every semicolon, also inside functions; PostgreSQL takes it whole.
  adapter.executeScript = async (script) => {
    try {
      await adapter.client.query(script);
    } catch (error) {
      adapter.onError(error);
    }
  };
  return adapter;
}
