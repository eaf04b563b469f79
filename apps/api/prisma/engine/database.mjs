// Databases as a whole: creating, dropping, connecting, and errors by Prisma's codes.
import pg from 'pg';

/** Runs `use` on a connection of its own. */
export async function withClient(url, use) {
  const client = new pg.Client({ connectionString: url });
  try {
    await client.connect();
    return await use(client);
  } finally {
    await client.end();
  }
}

/** Creates the database that the URL names unless it is there; returns its name. */
export async function createDatabase(url) {
  const { name, adminUrl } = split(url);
  await withClient(adminUrl, async (client) => {
    try {
      await client.query(`create database ${pg.escapeIdentifier(name)}`);
    } catch (error) {
      if (error.code !== '42P04') throw error; // duplicate_database
    }
  });
  return name;
}

export async function dropDatabase(url) {
  const { name, adminUrl } = split(url);
  await withClient(adminUrl, (client) =>
    client.query(`drop database if exists ${pg.escapeIdentifier(name)} with (force)`),
  );
}

/** A database is created and dropped from the server's own database `postgres`. */
function split(url) {
  const admin = new URL(url);
  const name = decodeURIComponent(admin.pathname.slice(1));
  admin.pathname = '/postgres';
  return { name, adminUrl: admin.href };
}

const CODES = {
  '3D000': 'P1003', // invalid_catalog_name: no such database
  '28P01': 'P1000', // invalid_password
  28000: 'P1000', // invalid_authorization
  ECONNREFUSED: 'P1001',
  ENOTFOUND: 'P1001',
  ETIMEDOUT: 'P1001',
};

/** The code by which the Prisma CLI knows a connection error. */
export function prismaCode(error) {
  return CODES[error.code] ?? 'P1000';
}
