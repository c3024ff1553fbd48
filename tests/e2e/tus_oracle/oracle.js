// Serves uploads as @tus/server does, at a free port of this machine, which it prints.
// node oracle.js FOLDER SIZE_MAX
import { FileStore } from "@tus/file-store";
import { Server } from "@tus/server";

const [directory, sizeMax] = process.argv.slice(2);
const datastore = new FileStore({ directory, expirationPeriodInMilliseconds: 24 * 3600 * 1000 });
const server = new Server({ path: "/api/uploads", datastore, maxSize: Number(sizeMax), relativeLocation: true });
const listener = server.listen({ host: "127.0.0.1", port: 0 }, () => console.log(listener.address().port));
