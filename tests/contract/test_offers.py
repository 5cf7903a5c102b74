"""Besides tools: resources, prompts and completions."""

import json

import pytest
from mcp.shared.exceptions import MCPError
from mcp_types import PromptReference, ResourceTemplateReference

from perfdoctor.server import guide
from tests.contract.conftest import Connect
from tests.server.samples import PID

pytestmark = pytest.mark.anyio


async def test_everything_offered_is_described(memory: Connect) -> None:
    async with memory() as client:
        resources = (await client.list_resources()).resources
        templates = (await client.list_resource_templates()).resource_templates
        prompts = (await client.list_prompts()).prompts
    assert [str(resource.uri) for resource in resources] == ["guide://workflow"]
    assert {template.uri_template for template in templates} == {"pattern://{id}", "recording://{id}"}
    assert {prompt.name: [a.name for a in prompt.arguments or []] for prompt in prompts} == {
        "optimize": ["process"],
        "verify-fix": ["recording", "process"],
    }
    for offered in (*resources, *templates, *prompts):
        assert offered.description
        assert offered.title


async def test_resources(memory: Connect) -> None:
    async with memory() as client:
        made = (await client.call_tool("diagnose", {"pid": PID, "seconds": 0.1})).structured_content["recording"]
        guide = await client.read_resource("guide://workflow")
        page = await client.read_resource("pattern://hot-loop")
        recording = await client.read_resource(f"recording://{made}")
        watch = (await client.call_tool("proc-watch", {"pid": PID, "seconds": 0.1})).structured_content["recording"]
        watched = json.loads((await client.read_resource(f"recording://{watch}")).contents[0].text)
    assert guide.contents[0].text.startswith("# From")
    assert page.contents[0].text == "# Hot loop\n"
    whole = json.loads(recording.contents[0].text)
    assert whole["recording"]["id"] == made
    assert whole["evidence"]["syscalls"]["calls"] == 311
    assert len(whole["evidence"]["cpu"]["rows"]) == 4
    assert watched["watch"]["recording"] == watch
    assert len(watched["watch"]["readings"]) == 25


@pytest.mark.parametrize(
    ("uri", "said"), [("pattern://nothing", "Known are: hot-loop, small-io"), ("recording://r-no", "no recording")]
)
async def test_what_is_not_there(memory: Connect, uri: str, said: str) -> None:
    async with memory() as client:
        with pytest.raises(MCPError, match=said):
            await client.read_resource(uri)


async def test_prompts(memory: Connect) -> None:
    async with memory() as client:
        optimize = await client.get_prompt("optimize", {"process": "shop"})
        verify = await client.get_prompt("verify-fix", {"recording": "r-abc", "process": "shop"})
    assert "'shop'" in optimize.messages[0].content.text
    assert "before=r-abc" in verify.messages[0].content.text


async def test_guide_and_prompts_name_the_steps_in_their_order(memory: Connect) -> None:
    """Discovery, baseline, trace, cause, code, change, new run, proof."""
    order = ("proc-find", "proc-watch", "diagnose", "trace-", "code-inspect", "code-edit", "workload-run", "compare")
    async with memory() as client:
        texts = [
            (await client.read_resource("guide://workflow")).contents[0].text,
            (await client.get_prompt("optimize", {"process": "shop"})).messages[0].content.text,
            guide.INSTRUCTIONS,
        ]
    for text in texts:
        at = -1
        for step in order:
            after = text.find(step, at + 1)
            assert after > at, f"{step} does not come after the steps before it: {text}"
            at = after
    assert "undo" in texts[0] and "undo" in texts[1]


async def test_completions(memory: Connect) -> None:
    patterns = ResourceTemplateReference(type="ref/resource", uri="pattern://{id}")
    recordings = ResourceTemplateReference(type="ref/resource", uri="recording://{id}")
    prompt = PromptReference(type="ref/prompt", name="verify-fix")
    async with memory() as client:
        made = (await client.call_tool("trace-cpu", {"pid": PID, "seconds": 0.1})).structured_content["recording"]
        assert (await client.complete(patterns, {"name": "id", "value": "h"})).completion.values == ["hot-loop"]
        assert (await client.complete(recordings, {"name": "id", "value": "r-"})).completion.values == [made]
        assert (await client.complete(recordings, {"name": "id", "value": "x"})).completion.values == []
        assert (await client.complete(prompt, {"name": "recording", "value": ""})).completion.values == [made]
        assert (await client.complete(prompt, {"name": "process", "value": ""})).completion.values == []
