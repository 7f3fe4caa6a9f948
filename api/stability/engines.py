"""Engine ids as clients know them, and our models behind them; also who the clients are told that they are."""

from collections.abc import Mapping, Sequence

from jobs.errors import InvalidSpec, Problem, UnknownModel
from jobs.models import Model, ModelTable
from jobs.wire import dashboard_pb2 as people
from jobs.wire import engines_pb2 as wire

ANY = "*"
ORGANIZATION = "pentimento"
BALANCE = 1_000_000.0
"""Nobody counts credits here, and a client that looks before it asks must not find an empty purse."""


class EngineIds:
    """The models of the table by alias, and further ids that the deployment gives them.

    said: "id=alias" each, "*=alias" for every id that is not known. Raises InvalidSpec for what is neither.
    """

    def __init__(self, table: ModelTable, said: Sequence[str]) -> None:
        self._table = table
        self._ids: dict[str, Model] = {}
        for text in said:
            name, equals, alias = (part.strip() for part in text.partition("="))
            if not (name and equals and alias):
                problem = Problem(
                    "engines", "must be ENGINE_ID=MODEL", value=text, remedy="Separate several by commas."
                )
                raise InvalidSpec([problem], source="the settings")
            self._ids[name] = table.resolve(alias)

    def model(self, engine_id: str) -> Model:
        """The model that an engine id stands for; the table's default for none.

        Raises:
            UnknownModel: no such engine; the message says what it was taken for.

        """
        if not engine_id:
            return self._table.resolve(self._table.default)
        if engine_id in self._ids:
            return self._ids[engine_id]
        try:
            return self._table.resolve(engine_id)
        except UnknownModel as error:
            if ANY in self._ids:
                return self._ids[ANY]
            ids = ", ".join([*self._ids, *self._table.models])
            said = f"engine_id: {engine_id[:100]!a} is no engine of this server"
            raise UnknownModel(
                said, remedy=f"There are {ids}; PENTIMENTO_ENGINES gives a model further ids."
            ) from error

    def listed(self) -> wire.Engines:
        """Every engine with its id, the models' own aliases first."""
        named: Mapping[str, Model] = {
            **self._table.models,
            **{alias: model for model in self._table.models.values() for alias in model.aliases},
            **{name: model for name, model in self._ids.items() if name != ANY},
        }
        infos = [
            wire.EngineInfo(
                id=name, owner=ORGANIZATION, ready=True, type=wire.PICTURE, name=name, description=model.description
            )
            for name, model in named.items()
        ]
        return wire.Engines(engine=infos)


def me(caller: str) -> people.User:
    """The caller, as a member of the one organization that there is."""
    member = people.OrganizationMember(organization=organization(), role=people.MEMBER, is_default=True)
    return people.User(id=caller, email=f"{caller}@localhost", organizations=[member])


def organization() -> people.Organization:
    """The one that there is."""
    purse = people.OrganizationPaymentInfo(balance=BALANCE)
    return people.Organization(id=ORGANIZATION, name=ORGANIZATION, payment_info=purse)
