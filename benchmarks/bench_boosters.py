"""What does the engine bring to boosted trees, every input new, beside the library that trained them?"""

from harness.contenders import has_setting, ours, trained
from harness.duel import CONNECTIONS, LOAD_COLUMNS, Stage, add_loads, duel, fresh, per_s, settle, staged
from harness.labels import check_labels
from harness.options import read_options

MODELS = {"boosted": "HistGradientBoosting(100)", "lightgbm": "LightGBM(100)"}
WANTED = 4


def main() -> None:
    with staged(read_options(str(__doc__))) as stage:
        if not has_setting("model-engine"):
            stage.report.not_measured.append("this version of Foreseen has no setting `model_engine`")
            return
        for name, words in MODELS.items():
            compare(stage, name, words)


def compare(stage: Stage, name: str, words: str) -> None:
    """Measure one model with its engine and with its library."""
    model = trained(name, stage.folder)
    urls = {
        f"engine {engine}": stage.processes.enter_context(ours(model, "--model-engine", engine))
        for engine in ("library", "auto")
    }
    check_labels(urls, model)
    for url in urls.values():
        settle(url)
    table = stage.report.table(f"New inputs, {words}, by POST", *LOAD_COLUMNS, "of library")
    for connections in CONNECTIONS:
        found = duel(fresh(urls, connections, stage.options.seconds), stage.options.rounds)
        add_loads(table, found, connections, to=["engine library"])
        ratio = found.ratio("engine auto", "engine library", per_s)
        stage.report.at_least(f"{words}, {connections} connections, engine auto of library", ratio, WANTED)


if __name__ == "__main__":
    main()
