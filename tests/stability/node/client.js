// The request of Stability's TypeScript example, sent by a real gRPC-Web client: node client.js MODE URL PROTO INIT OUT
// MODE: improbable (@improbable-eng/grpc-web, binary) or text (@protobuf-ts/grpcweb-transport, base64).
// The stubs are what protobufjs makes of our own .proto; only the service's name is the protocol's.
const fs = require("node:fs");
const path = require("node:path");
const protobuf = require("protobufjs");

const [mode, url, proto, init, out] = process.argv.slice(2);
const root = protobuf.loadSync(path.join(proto, "generation.proto"));
const Request = root.lookupType("pentimento.wire.Request");
const Answer = root.lookupType("pentimento.wire.Answer");
const value = (kind, name) => root.lookupEnum(`pentimento.wire.${kind}`).values[name];
const SERVICE = "gooseai.GenerationService";

// As the example's helpers build it: no size, one step parameter, the init image marked as such.
const request = {
  engineId: process.env.ENGINE || "stable-diffusion-xl-1024-v0-9",
  requestedType: value("ArtifactType", "ARTIFACT_IMAGE"),
  prompt: [
    { text: "crayon drawing of rocket ship launching from forest", parameters: {} },
    {
      artifact: { type: value("ArtifactType", "ARTIFACT_IMAGE"), binary: fs.readFileSync(init) },
      parameters: { init: true },
    },
  ],
  image: {
    seed: [121245125],
    samples: 1,
    steps: 50,
    transform: { diffusion: value("DiffusionSampler", "SAMPLER_K_DPMPP_2M") },
    parameters: [{ scaledStep: 0, sampler: { cfgScale: 8 }, schedule: { start: 1 - 0.4 } }],
  },
};

function keep(answers) {
  const images = answers.flatMap((answer) => answer.artifacts);
  for (const artifact of images) {
    if (artifact.type === value("ArtifactType", "ARTIFACT_IMAGE") && artifact.finishReason === 0) {
      fs.writeFileSync(path.join(out, `image-${artifact.seed}.png`), artifact.binary);
    }
  }
  console.log(JSON.stringify({ answers: answers.length, artifacts: images.length }));
}

function improbable() {
  const { grpc } = require("@improbable-eng/grpc-web");
  const { NodeHttpTransport } = require("@improbable-eng/grpc-web-node-http-transport");
  class Sent {
    serializeBinary() { return Request.encode(Request.fromObject(request)).finish(); }
    toObject() { return request; }
  }
  class Received {
    static deserializeBinary(bytes) { return Object.assign(new Received(), { message: Answer.decode(bytes) }); }
    toObject() { return Answer.toObject(this.message); }
  }
  const method = {
    methodName: "Generate",
    service: { serviceName: SERVICE },
    requestStream: false,
    responseStream: true,
    requestType: Sent,
    responseType: Received,
  };
  const answers = [];
  grpc.invoke(method, {
    host: url,
    request: new Sent(),
    transport: NodeHttpTransport(),
    metadata: new grpc.Metadata({ authorization: "Bearer none" }),
    onMessage: (received) => answers.push(received.message),
    onEnd: (code, message) => {
      if (code !== grpc.Code.OK) {
        console.error(JSON.stringify({ code: grpc.Code[code], message }));
        process.exit(3);
      }
      keep(answers);
    },
  });
}

async function text() {
  const { GrpcWebFetchTransport } = require("@protobuf-ts/grpcweb-transport");
  const type = (kind) => ({
    typeName: kind.fullName.slice(1),
    toBinary: (message) => kind.encode(kind.fromObject(message)).finish(),
    fromBinary: (bytes) => kind.decode(bytes),
    create: (message) => message,
  });
  const method = {
    name: "Generate",
    localName: "generate",
    service: { typeName: SERVICE },
    serverStreaming: true,
    clientStreaming: false,
    options: {},
    I: type(Request),
    O: type(Answer),
  };
  const transport = new GrpcWebFetchTransport({ baseUrl: url, format: "text" });
  const call = transport.serverStreaming(method, request, transport.mergeOptions({}));
  const answers = [];
  try {
    for await (const answer of call.responses) answers.push(answer);
    await call.status;
  } catch (error) {
    console.error(JSON.stringify({ code: error.code, message: error.message }));
    process.exit(3);
  }
  keep(answers);
}

({ improbable, text })[mode]();
