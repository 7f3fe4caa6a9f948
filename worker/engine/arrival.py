"""An order on its way into the engine: which bucket it belongs to, and what it costs there."""

from dataclasses import dataclass

from worker.backends import Order
from worker.backends.call import Call
from worker.engine.batcher import Key, Rungs
from worker.engine.launch import Loaded
from worker.engine.row import Row
from worker.engine.whole import WholeModel


@dataclass(frozen=True, slots=True, eq=False)
class Arrival:
    """An order, its loaded model, and whom its outcome goes to."""

    launcher: Loaded
    order: Order
    call: Call

    def placed(self, now: float) -> tuple[Key, Rungs, Row]:
        """Its bucket's key and rungs, and its row. now: by the engine's clock, in seconds.

        Raises:
            PentimentoError: its model can't do what it asks.

        """
        order, launcher = self.order, self.launcher
        asked = order.variant.parameters
        group: tuple[object, ...] = ()
        if isinstance(launcher, WholeModel):
            model, pieces, cost = launcher.model, 1, 1
            group, evaluations = launcher.group(order)
        else:
            model = launcher.model.model
            evaluations = launcher.templates.evaluations(asked)
            pieces = launcher.pieces(asked) if evaluations else 1
            cost = launcher.cost(asked) if evaluations else 0
        height, width, _ = order.pixels.shape
        rungs = Rungs(model.row_ladder(width, height), model.decode_ladder(width, height), model.least_rows)
        row = Row(order, self.call, cost, evaluations, order.urgent, arrived=now)
        return Key(model.alias, width, height, pieces, asked.loras, group), rungs, row
