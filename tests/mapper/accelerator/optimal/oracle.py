"""The fewest bytes of tiny networks by trying everything; nothing of the optimal mapper is used.

Every layer is for itself, with one place for tiles. All orders, all ways to hold values and to
write over operands, and of each layer all heights, groups, and loop orders.
"""

from itertools import permutations, product

from golden.accelerator.interpreter import PARAMETER_WORDS
from golden.errors import UserError
from mapper.accelerator.arrangement import arrange
from mapper.accelerator.decisions import Decisions, Making, Reading
from mapper.accelerator.formats import formats
from mapper.accelerator.layers import AddLayer, ProductLayer, TableLayer
from mapper.accelerator.placement import Fit, NoRoomError
from mapper.accelerator.tiles import Cutting, Outer, cut_by
from mapper.accelerator.traffic import layer_bytes


def fewest_bytes(network, accelerator):
    """None where nothing fits."""
    best = None
    known = {}
    for order in permutations(range(len(network.layers))):
        layers = [network.layers[number] for number in order]
        made = set()
        for layer in layers:
            if any(not network.values[v].is_input and v not in made for v in layer.sources):
                break
            made.add(layer.target)
        else:
            for decisions in patterns(network, accelerator, layers):
                found = cheapest(network, accelerator, decisions, best, known)
                best = found if best is None or (found is not None and found < best) else best
    return best


def patterns(network, accelerator, layers):
    """Decisions without cuts: which values are held when, and what is written over."""
    values = sorted({v for layer in layers for v in (*layer.sources, layer.target)})
    accesses = {
        v: [
            *(n for n, layer in enumerate(layers) if layer.target == v),
            *(n for n, layer in enumerate(layers) if v in layer.sources),
        ]
        for v in values
    }
    ways = []
    for v in values:
        count = len(accesses[v])
        ways.append(
            [
                (held, stays)
                for held in product((False, True), repeat=count)
                for stays in product((False, True), repeat=count - 1)
                if all(
                    not stay or (a and b) for stay, a, b in zip(stays, held, held[1:], strict=False)
                )
            ]
        )
    for chosen in product(*ways):
        held = {v: way[0] for v, way in zip(values, chosen, strict=True)}
        stays = {v: way[1] for v, way in zip(values, chosen, strict=True)}
        over = []
        for n, layer in enumerate(layers):
            found = [None]
            if isinstance(layer, AddLayer | TableLayer) and held[layer.target][0]:
                for v in layer.sources:
                    i = accesses[v].index(n)
                    is_last = i + 1 == len(accesses[v]) or not stays[v][i]
                    alike = network.values[v].image == network.values[layer.target].image
                    if held[v][i] and is_last and alike and not network.values[v].is_input:
                        found.append(v)
            over.append(found)
        for victims in product(*over):
            yield decided(network, accelerator, layers, accesses, held, stays, victims)


def decided(network, accelerator, layers, accesses, held, stays, victims):
    places, readings, makings = {}, {}, {}
    for n, layer in enumerate(layers):
        for v in (*layer.sources, layer.target):
            i = accesses[v].index(n)
            if not held[v][i]:
                continue
            if i and stays[v][i - 1]:
                places[v, i] = places[v, i - 1]
            elif v == layer.target and victims[n] is not None:
                places[v, i] = places[victims[n], accesses[victims[n]].index(n)]
            else:
                places[v, i] = (v, i)
        for v in layer.sources:
            i = accesses[v].index(n)
            diagonal = not isinstance(layer, ProductLayer) or layer.diagonal
            plain, best = formats(layer.geometry, accelerator.lanes, diagonal=diagonal)
            assert plain == best
            begin = i
            while begin and stays[v][begin - 1]:
                begin -= 1
            loaded = held[v][i] and (begin > 0 or network.values[v].is_input)
            shared = len(accesses[v]) - (not network.values[v].is_input) > 1
            readings[n, v] = Reading(
                form=plain,
                place=places.get((v, i)),
                loaded=loaded,
                rows=layer.geometry.source.height if shared else 0,
            )
        v = layer.target
        makings[n] = Making(
            place=places.get((v, 0)),
            stored=network.values[v].is_output or not held[v][0] or not all(stays[v]),
        )
    return Decisions(
        layers=tuple(layers),
        stages=tuple((n,) for n in range(len(layers))),
        readings=readings,
        makings=makings,
        cuts={},
        heights={},
        turns=dict.fromkeys(range(len(layers)), 1),
    )


def cheapest(network, accelerator, decisions, enough, known):
    """Fewest bytes of a pattern, if fewer than ``enough``; ``known`` remembers ways of layers."""
    ways = []
    for n, layer in enumerate(decisions.layers):
        key = (layer.name, *situation(decisions, n))
        if key not in known:
            known[key] = best_ways(accelerator, decisions, n, layer)
        product_layer = isinstance(layer, ProductLayer)
        ways.append(
            [
                (octets, {n: way} if product_layer else {}, {} if product_layer else {n: way})
                for octets, way in known[key]
            ]
        )
    if enough is not None and sum(min(way[0] for way in entry) for entry in ways) >= enough:
        return None
    best = None
    for combination in sorted(product(*ways), key=lambda entry: sum(way[0] for way in entry)):
        octets = sum(way[0] for way in combination)
        if enough is not None and octets >= enough:
            return best
        cuts = {k: v for way in combination for k, v in way[1].items()}
        heights = {k: v for way in combination for k, v in way[2].items()}
        try:
            arrange(network, accelerator, changed(decisions, cuts, heights), Fit.EXACT)
        except NoRoomError:
            continue
        return octets
    return best


def situation(decisions, n):
    """All of a pattern that the bytes of a layer depend on."""
    for v in decisions.layers[n].sources:
        reading = decisions.readings[n, v]
        yield reading.place is None, reading.rows
        yield reading.loaded and not any(
            other < n and key == v and entry.place == reading.place
            for (other, key), entry in decisions.readings.items()
        )
    yield decisions.makings[n].place is None, decisions.makings[n].stored


def best_ways(accelerator, decisions, n, layer):
    """Of ways with tiles of one height the one that moves least: bytes, and cut or heights."""
    found = {}
    for cuts, heights in layer_ways(accelerator, decisions, n, layer):
        one = changed(decisions, cuts, heights)
        octets = layer_bytes(one, n, accelerator)
        rows = one.tile_rows(n)
        if rows not in found or octets < found[rows][0]:
            found[rows] = (octets, (cuts or heights)[n])
    return list(found.values())


def changed(decisions, cuts, heights):
    fields = {name: getattr(decisions, name) for name in decisions.__dataclass_fields__}
    return Decisions(**{**fields, "cuts": cuts, "heights": heights})


def layer_ways(accelerator, decisions, n, layer):
    height = layer.geometry.target.height
    for heights in compositions(height):
        if not isinstance(layer, ProductLayer):
            yield {}, {n: heights}
            continue
        form = decisions.readings[n, layer.source].form
        bank = accelerator.sizes.accumulators // accelerator.accumulator_banks
        blocks = layer.geometry.target.blocks(accelerator.lanes)
        most = accelerator.sizes.parameters // PARAMETER_WORDS
        for group, outer, together in product(
            range(1, min(blocks, most) + 1), Outer, (True, False)
        ):
            if outer is Outer.FILTERS and decisions.makings[n].place is None:
                continue
            columns = min(layer.geometry.target.width, bank // (max(heights) * group))
            if not columns:
                continue
            cutting = Cutting(
                heights=heights, columns=columns, group=group, outer=outer, together=together
            )
            try:
                cut = cut_by(layer, form, accelerator, cutting)
            except UserError:
                continue
            words = sum(part.words(layer, form, accelerator.lanes) for part in cut.parts)
            if together and words > accelerator.sizes.weights:
                continue
            yield {n: cut}, {}


def compositions(height):
    if height == 0:
        yield ()
    for first in range(1, height + 1):
        for rest in compositions(height - first):
            yield (first, *rest)
