/** Answers every request with 202 and tells its port to the parent process. */
import { createServer } from 'node:http';

const server = createServer((request, response) => {
  request.resume();
  request.on('end', () => {
    response.statusCode = 202;
    response.end();
  });
});
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as { port: number }).port));
