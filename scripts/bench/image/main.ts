/**
 * Entry of the bench's binary. The floor of a start is right here, with nothing else on its way: connect
 * to a UNIX socket, say a line, and stay until it closes.
 */
const [mode = "", argument = ""] = process.argv.slice(2);
if (mode === "floor") {
  void Bun.connect({
    unix: argument,
    socket: {
      open: (socket) => void socket.write("up\n"),
      data: () => undefined,
      close: () => process.exit(0),
    },
  });
} else {
  const { run } = await import("./modes.ts");
  await run(mode, argument);
}
