// The install script of onnxruntime-node calls this first. Its own switch is a key in .npmrc, of which newer npm complains at every command.
exports.bootstrap = () => process.exit(0);
