"""The generated messages are what the .proto files say, and live beside another package's of the same name."""

import subprocess
import sys
from pathlib import Path

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from jobs.wire import dashboard_pb2, engines_pb2, generation_pb2

ROOT = Path(__file__).parents[2]
WIRE = ROOT / "jobs" / "wire"


def test_the_committed_stubs_are_what_the_script_writes(tmp_path: Path) -> None:
    subprocess.run([sys.executable, ROOT / "proto" / "generate", tmp_path], check=True)

    written = {path.name: path.read_text() for path in (tmp_path / "jobs" / "wire").iterdir()}

    assert written == {path.name: path.read_text() for path in WIRE.glob("*_pb2.py*")}


def test_a_foreign_generation_proto_lives_in_the_same_process_and_reads_our_bytes() -> None:
    theirs = descriptor_pb2.FileDescriptorProto(name="generation.proto", package="gooseai", syntax="proto3")
    answer = theirs.message_type.add(name="Answer")
    answer.field.add(name="answer_id", number=1, type="TYPE_STRING", label="LABEL_OPTIONAL")
    answer.field.add(name="request_id", number=2, type="TYPE_STRING", label="LABEL_OPTIONAL")
    descriptor_pool.Default().Add(theirs)
    foreign = message_factory.GetMessageClass(descriptor_pool.Default().FindMessageTypeByName("gooseai.Answer"))

    read = foreign.FromString(generation_pb2.Answer(answer_id="a", request_id="r").SerializeToString())

    assert (read.answer_id, read.request_id) == ("a", "r")  # type: ignore[attr-defined]


def test_what_older_and_newer_clients_add_is_skipped() -> None:
    # Tag 11 of ImageParameters (older clients) and tag 12 of Request (transforms), both unknown here.
    image = generation_pb2.ImageParameters(steps=7).SerializeToString() + bytes([11 << 3 | 2, 1, 0])
    request = bytes([5 << 3 | 2, len(image)]) + image + bytes([13 << 3 | 2, 0])

    read = generation_pb2.Request.FromString(request)

    assert read.image.steps == 7


def test_absent_and_zero_are_told_apart_where_it_matters() -> None:
    absent, ddim = generation_pb2.ImageParameters(), generation_pb2.ImageParameters()
    ddim.transform.diffusion = generation_pb2.SAMPLER_DDIM

    again = generation_pb2.ImageParameters.FromString(ddim.SerializeToString())

    assert not absent.transform.HasField("diffusion")
    assert again.transform.HasField("diffusion")
    assert not absent.HasField("width")


def test_every_service_that_clients_call_is_described() -> None:
    files = (generation_pb2, engines_pb2, dashboard_pb2)

    methods = {
        f"{service.name}/{method.name}"
        for file in files
        for service in file.DESCRIPTOR.services_by_name.values()
        for method in service.methods
    }

    assert methods == {
        "GenerationService/Generate",
        "GenerationService/ChainGenerate",
        "EnginesService/ListEngines",
        "DashboardService/GetMe",
        "DashboardService/GetOrganization",
    }
