"""Columns of other names than the features, a column that names the model, and what separates cells of OUT."""

import io
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from foreseen.adapters.tabular.encoders import table_encoder
from foreseen.adapters.tabular.open_tables import opened_tables
from foreseen.domain.errors import TableError
from foreseen.domain.tables.table_format import OutputColumns, TableForm
from foreseen.domain.values.predictions import Predictions
from foreseen.domain.values.signature import Feature, Signature
from support.model_outputs import outputs_of

SIGNATURE = Signature((Feature("length"), Feature("width", dtype="int64")))


def scored(folder: Path, text: str, pairs: tuple[tuple[str, str], ...], name: str = "out.csv") -> bytes:
    """Write what is read with the sum of its features as the prediction."""
    (folder / "in.csv").write_text(text)
    form = TableForm(columns_as=pairs)
    out = io.BytesIO()
    with opened_tables([str(folder / "in.csv")], signature=SIGNATURE, standard_input=io.BytesIO(), form=form) as tables:
        encoder = table_encoder(
            tables.schema, path=name, name=name, outputs=outputs_of("predict"), signature=SIGNATURE,
            fingerprint=b"\xab" * 16, form=form, columns=OutputColumns(model_column="model", model_name="iris"),
        )  # fmt: skip
        spool = io.BytesIO(encoder.begin())
        spool.seek(0, 2)
        for chunk in tables:
            assert chunk.batch is not None
            assert chunk.batch.signature == SIGNATURE
            length, width = (column.astype(float) for column in chunk.batch.columns)
            spool.write(encoder.encode(chunk, Predictions({"prediction": (length + width).tolist()})))
    spool.seek(0)
    encoder.seal(spool, out)
    return out.getvalue()


def test_columns_keep_their_names_and_are_read_as_the_features(tmp_path: Path) -> None:
    out = scored(tmp_path, "w,L,note\n2,1.5,x\n", (("L", "length"), ("w", "width")))

    assert out == b"w,L,note,prediction,model\n2,1.5,x,3.5,iris@abababababab\n"


def test_two_features_may_change_their_columns(tmp_path: Path) -> None:
    out = scored(tmp_path, "length,width\n2,1.5\n", (("length", "width"), ("width", "length")))

    assert out.splitlines()[1].startswith(b"2,1.5,3.5,")


def test_a_column_named_like_a_feature_read_elsewhere_passes_through(tmp_path: Path) -> None:
    out = scored(tmp_path, "length,width,cm\nlong,2,1.5\n", (("cm", "length"),))

    assert out.splitlines()[1].startswith(b"long,2,1.5,3.5,")


def test_renamed_columns_have_the_types_of_their_features_in_parquet(tmp_path: Path) -> None:
    out = scored(tmp_path, "w,L\n2,1.5\n", (("L", "length"), ("w", "width")), "out.parquet")

    table = pq.read_table(io.BytesIO(out))
    assert table.to_pylist() == [{"w": 2, "L": 1.5, "prediction": 3.5, "model": "iris@abababababab"}]
    assert str(table.schema.field("w").type) == "int64"


def test_the_model_is_named_in_json_lines_too(tmp_path: Path) -> None:
    out = scored(tmp_path, "length,width\n1,2\n", (), "out.jsonl")

    assert out == b'{"length":1,"width":2,"prediction":3.0,"model":"iris@abababababab"}\n'


@pytest.mark.parametrize(
    ("pairs", "said"),
    [
        ((("L", "lenght"),), "--columns-as: expected a feature of the model, got 'lenght'; did you mean 'length'?"),
        ((("width", "length"),), "--columns-as: expected a column of its own for each feature, got 'width' for two"),
        ((("l", "length"),), "expected a column 'l', got L, w; did you mean 'L'?"),
    ],
)
def test_an_impossible_mapping_is_rejected_at_the_start(
    tmp_path: Path, pairs: tuple[tuple[str, str], ...], said: str
) -> None:
    with pytest.raises(TableError) as caught:
        scored(tmp_path, "L,w\n1,2\n", pairs)

    assert said in str(caught.value)


def test_a_column_named_like_the_models_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="expected an input without a column 'model'"):
        scored(tmp_path, "length,width,model\n1,2,x\n", ())
