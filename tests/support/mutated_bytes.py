"""Bytes that are nearly right: parts of them changed, cut out, doubled, or put in from elsewhere."""

from hypothesis import strategies as st


@st.composite
def mutated(draw: st.DrawFn, right: bytes, *, foreign: bytes = b"", alphabet: bytes = bytes(range(256))) -> bytes:
    """Draw what a few changes make of some bytes; now and then it is the same again.

    Args:
        foreign: bytes of which parts are put in.
        alphabet: single bytes that are put in.
    """
    changed = right
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(changed)))
        end = draw(st.integers(start, min(len(changed), start + 8)))
        put_in = draw(
            st.lists(st.sampled_from(alphabet), max_size=3).map(bytes)
            | st.just(changed[start:end] * 2)
            | st.just(foreign[start:end])
            | st.just(foreign[start:])
        )
        changed = changed[:start] + put_in + changed[end:]
    return changed
