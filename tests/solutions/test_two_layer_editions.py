"""The two-layer net in three more editions: the documents' numbers, and what the editions share."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest
from nndl.classifiers import two_layer_net_dh, two_layer_net_function, two_layer_net_mse
from nndl.classifiers.two_layer_net_function import init_two_layer_model, two_layer_net
from nndl.gradient_check import eval_numerical_gradient, rel_error

HD_SCORES = [
    [-1.0726020891815589, 0.050838708535276896, -0.8725391500791381],
    [-2.027787431412195, -0.10832493814417733, -1.5264136190949076],
    [-0.7422590787722461, 0.15259724651112325, -0.39578548167779687],
    [-0.3817272581305313, 0.10835901773535246, -0.17328273537759464],
    [-0.6441731350115422, -0.18886812611040063, -0.4110689232478939],
]
DH_SCORES = [
    [-0.8123374131092695, -1.2765462405665546, -0.7033599477779823],
    [-0.17129677014393294, -1.1880331063857748, -0.473104441510171],
    [-0.5159047523520925, -1.0135431409752373, -0.8504214959143411],
    [-0.1541929118833914, -0.4862963841756697, -0.529019523892004],
    [-0.006187325198913611, -0.12435260970276742, -0.15226949317417682],
]
FUNCTION_SCORES = [
    [-0.5328368002233701, 0.20031504490669633, 0.933466890036763],
    [-0.5941216436316256, 0.15498487598306093, 0.9040913955977476],
    [-0.6765836164239069, 0.08978956675508382, 0.8561627499340748],
    [-0.7709264274745218, 0.013399972078737776, 0.7977263716319978],
    [-0.8911040067011029, -0.08754544185397206, 0.7160131229931592],
]
# Gradients at reg = 0.05 (0.1 for the function), row by row.
MSE_GRADS = {
    "W1": [
        0.6567322151880265, -2.260084768847926, 1.4684241452215199, -0.38481515523302795,
        1.6103437988562892, -2.050065282107248, 1.4107553786264182, -1.9769473261461084,
        -0.07088999560885341, -0.35623131943442515, 0.017949104527976264, 0.24513836701199018,
        -0.7921205018103319, 0.2849999802002987, 0.5007770180991729, 0.23886778773094564,
        0.44641511612640633, -0.48159703821324745, 0.2166849598183637, -0.36666791893584105,
        0.003763334075648033, -0.09679706375233835, 0.43784644654471677, -0.5463784332050966,
        2.1780272967600056, -3.370281403158243, 2.800307649357547, -3.307896401681511,
        -0.6420243790912507, 0.2520305772955973, 0.2120272222182426, 0.4310453194084422,
        0.7447216757236201, -2.9816466576296365, 2.252691020167508, -0.9173349770664659,
        0.13059661415205573, -0.04163288250886861, -0.032990307008053305, -0.0948293799319827,
    ],
    "b1": [
        0.12323264252187793, 0.18998716273805238, 0.04081345062367539, -0.03655576112091541,
        0.03607211490407649, 0.032727360955638565, 0.31978022520563687, -0.039996929821491826,
        0.1827831650145241, 0.008144214746118567,
    ],
    "W2": [
        -0.34078953569279413, -4.176006101742994, -0.07436633928761786, -0.616672318609285,
        -3.0485614055976313, -0.4525071467132612, -4.55611641290439, -0.4534437178819085,
        -1.541194462508108, -0.7659380903500108, -0.3036689110056942, -1.2308364723663978,
        -0.12405725977152922, -0.19408739692811172, -0.5199263662791788, 0.10887477563133137,
        -1.3142251220483698, 0.012730203067963778, -1.1400831857742395, 0.020956588909921872,
        -0.24572795755841315, -3.28548521158936, -0.04607729056382265, -0.4310148095856108,
        -2.4552084165815717, -1.0645595592487735, -3.040553799764519, -0.1902167014066136,
        -1.2146760824780996, -0.35405665296868244,
    ],
    "b2": [
        -1.1737097985016145, -0.39707961829456506, -1.0758179818954663,
    ],
}  # fmt: skip
DH_GRADS = {
    "W1": [
        -0.09684990425089304, 0.004001572083672233, -0.20551782793746895, 0.1879863518562188,
        0.1605316450745331, -0.009772778798764111, 0.009500884175255894, 0.0026888434454264377,
        -0.030102281097168126, -0.005678028012657519, 0.044559500794865314, 0.014542735069629751,
        0.6955155021708782, -0.2886163270707844, -0.2669869887850213, 0.003336743273742669,
        0.014940790731576063, 0.019343558561228193, -0.06547009970562707, -0.5329286507035512,
        0.011697782096128068, 0.006536185954403606, -0.2316235504903331, -0.06263903554995229,
        -0.0014163897121468455, -0.014543656745987649, 0.0004575851730144607,
        -0.002900670773294673, 0.5356680289823171, 0.36973199820717434, 0.07717664026410449,
        0.003781625196021736, -0.3137783226869331, 0.22686856785224094, 0.20667870907897953,
        0.0015634896910398006, 0.01230290680727721, -0.002180557859087809, -0.6789430400608876,
        0.09855730149885937,
    ],
    "b1": [
        -0.0070484042539063, 0.0, 0.003104935270356001, -0.007239898645337781,
        -0.005733773852469733, 0.0, 0.0, -0.00243719724754095, 0.04121604559733788,
        0.022361763780295554,
    ],
    "W2": [
        -0.5137646909210803, 0.16723292957836475, 0.3047833504140048, 0.019507753952317897,
        -0.005096521817516536, -0.004380743016111864, 0.29222917358580736, 0.11889689360415796,
        -0.4320180957077249, -0.2331210747505995, 0.18628820012222475, 0.039619831192891024,
        0.7781747961741836, -0.3542330266370339, -0.44113796503744906, 0.0042833187053041765,
        0.0006651722238316789, 0.003024718977397814, -0.006343220936809637, -0.003627411659871382,
        -0.006724604477759511, 0.061728160876457404, -0.12990048919026492, 0.03918250785464078,
        0.6320539455410927, -0.08440235246116973, -0.5661971244891286, 0.8893349947760376,
        -0.6047093485358652, -0.28855135337078597,
    ],
    "b2": [
        0.20996909805653818, -0.14319049924438165, -0.06677859881215652,
    ],
}  # fmt: skip
FUNCTION_GRADS = {
    "W1": [
        -0.020000000000000004, -0.01773506106228918, -0.015858054170942465, -0.013889846331047463,
        -0.012838240577275789, -0.010786958525993736, -0.008735676474711684,
        -0.006684394423429634, -0.004633112372147582, -0.0025818303208655297,
        0.000512820512820511, 0.0027727600398622064, 0.004581993257900737, 0.006608353045766672,
        0.007844109696448151, 0.009895391747730208, 0.011946673799012255, 0.013997955850294305,
        0.016049237901576363, 0.018100519952858413, 0.021025641025641025, 0.023280581142013593,
        0.025022040686743935, 0.027106552422580806, 0.028526459970172096, 0.03057774202145414,
        0.0326290240727362, 0.034680306124018255, 0.0367315881753003, 0.038782870226582354,
        0.041538461538461545, 0.04378840224416497, 0.045462088115587135, 0.04760475179939495,
        0.049208810243896034, 0.051260092295178084, 0.05331137434646015, 0.05536265639774219,
        0.05741393844902424, 0.05946522050030629,
    ],
    "b1": [
        0.0, -0.00013569828959062932, -0.0019752694222413924, -0.0003968594058874385,
        0.004601522081664439, 0.004601522081664434, 0.0046015220816644446, 0.004601522081664444,
        0.004601522081664442, 0.004601522081664445,
    ],
    "W2": [
        -0.04000000000000001, -0.03827586206896552, -0.036551724137931035, -0.03292041158580764,
        -0.04423891897461604, -0.022151014267162532, -0.019500644625067707, -0.05041416794043305,
        -0.01387829088277512, -0.0022533614056694934, -0.06300387684309885, -0.003018623820197193,
        0.003482977252396876, -0.07707277946914462, 0.02083118152709255, 0.004572572138203199,
        -0.08963379767203655, 0.047819846223488505, 0.005662167024009523, -0.10219481587492844,
        0.07480851091988443, 0.006751761909815854, -0.11475583407782038, 0.10179717561628035,
        0.007841356795622163, -0.1273168522807123, 0.1287858403126763, 0.008930951681428496,
        -0.13987787048360417, 0.15577450500907222,
    ],
    "b2": [
        -0.07162159948385413, -0.12364508176882916, 0.19526668125268326,
    ],
}  # fmt: skip
MSE_LOSS_AT = {
    0: 1.8335655984310109, 1: 0.577234761753424, 2: 0.35252915464989104, 5: 0.16937497285428654,
    10: 0.10876136544849384, 20: 0.04618890491858593, 35: 0.03375855033830713,
    50: 0.03399454818618838, 75: 0.03327224713085823, 90: 0.03465652389329716,
    99: 0.02950555626206818,
}  # fmt: skip
DH_LOSS_AT = {
    0: 1.2419938024915662, 1: 0.9111913681926123, 2: 0.7279698921338722, 5: 0.3212333709042515,
    10: 0.0929652767697712, 20: 0.036055384164135826, 35: 0.021386850697693235,
    50: 0.017311721343786203, 75: 0.015754251284590244, 90: 0.015406315776359286,
    99: 0.017149607938732093,
}  # fmt: skip
MSE_TRAINED = {
    "b1": [
        -0.010368339897607704, -0.017785943137160996, 0.005084403710632281, -0.010077916935985082,
        -0.012611906246161009, 0.00581183814386763, -0.028915014880446944, 0.005375211623325872,
        -0.001808586665186418, 0.0011225496963487831,
    ],
    "W2": [
        -0.07672621475947325, 0.24907439044522736, -0.18213524641513174, 0.15570322277090468,
        0.18833088050555105, -0.015113391273093465, 0.3191332350859368, 0.18723761007033052,
        -0.06696476631153987, 0.10001082314417083, -0.06404013666800118, 0.19281243548619956,
        0.02888056181300843, -0.04558342127440634, 0.06541768805444687, -0.09529046169342276,
        0.17364008571199177, -0.05206584482847387, 0.1721387833658002, -0.08257782640271864,
        -0.046965987089798746, 0.24874447207635414, -0.10530559220465682, -0.15388653591154727,
        0.255582380635622, 0.22608163340809723, 0.10082518100107409, -0.01985041788249548,
        -0.03991303862557361, 0.002470327966974203,
    ],
    "b2": [
        0.044654351108141914, 0.42270669541226774, 0.06459402373523293,
    ],
}  # fmt: skip
DH_TRAINED = {
    "b1": [
        0.01020913649535082, 0.0, 0.01671911149474691, 0.009971998384839219, 0.011917954464681978,
        0.0, 0.0, 0.01027208035697777, -0.0012319232442166176, 0.0029579491171350487,
    ],
    "W2": [
        0.15882884600814692, -0.23923753780155177, -0.33706711732642447, 0.19507366110918814,
        -0.050964204915434415, -0.043806559208212165, -0.2697612742742923, 0.3589889587141142,
        -0.29814381599030737, 0.15046015879899266, -0.2893938832103774, 0.06680472411034083,
        -0.2791730667386703, -0.1751505654573727, 0.2823650960369291, 0.04283233546944922,
        0.006651589992786857, 0.030246588417592958, -0.0634309482471653, -0.03627339541860428,
        -0.06724470783228849, -0.10554737429716161, 0.04842632656365682, -0.2327713932768945,
        -0.08425968535120153, 0.030063301281597784, -0.13125524291174373, -0.14319319350761375,
        -0.043620117000068494, 0.1475570196869652,
    ],
    "b2": [
        -0.0733369197153105, 0.07688198585511824, -0.003545066139807849,
    ],
}  # fmt: skip


class Edition(NamedTuple):
    """What is particular about one of the two classes."""

    net: type[Any]
    shapes: dict[str, tuple[int, ...]]
    scores: list[list[float]]
    loss: float  # at reg = 0.05
    data_loss: float
    penalty: float  # the share of reg * sum(W^2) that belongs to the loss
    grads: dict[str, list[float]]
    losses: dict[int, float]
    first_accuracies: list[float]
    trained: dict[str, list[float]]


MSE = Edition(
    net=two_layer_net_mse.TwoLayerNet,
    shapes={"W1": (10, 4), "b1": (10,), "W2": (3, 10), "b2": (3,)},
    scores=HD_SCORES,
    loss=1.8973332763705641,
    data_loss=1.8783678567646807,
    penalty=0.5,
    grads=MSE_GRADS,
    losses=MSE_LOSS_AT,
    first_accuracies=[0.5, 0.41, 0.595, 0.61, 0.81, 1.0],
    trained=MSE_TRAINED,
)
DH = Edition(
    net=two_layer_net_dh.TwoLayerNet,
    shapes={"W1": (4, 10), "b1": (10,), "W2": (10, 3), "b2": (3,)},
    scores=DH_SCORES,
    loss=1.3037878913298202,
    data_loss=1.2658570521180532,
    penalty=1.0,
    grads=DH_GRADS,
    losses=DH_LOSS_AT,
    first_accuracies=[0.66, 1.0, 1.0],
    trained=DH_TRAINED,
)
EDITIONS = pytest.mark.parametrize("edition", [MSE, DH], ids=["mse", "dh"])


def toy_net(edition: Edition) -> Any:
    np.random.seed(0)  # noqa: NPY002  (the homework's stream)
    return edition.net(4, 10, 3, std=1e-1)


def toy_data() -> tuple[np.ndarray, np.ndarray]:
    return 10 * np.random.RandomState(1).randn(5, 4), np.array([0, 1, 2, 2, 1])


def linspace_model() -> tuple[np.ndarray, dict[str, np.ndarray], np.ndarray]:
    """Return the inputs, parameters and labels with which the function is handed out."""
    model = {
        "W1": np.linspace(-0.2, 0.6, 40).reshape(4, 10),
        "b1": np.linspace(-0.3, 0.7, 10),
        "W2": np.linspace(-0.4, 0.1, 30).reshape(10, 3),
        "b2": np.linspace(-0.5, 0.9, 3),
    }
    return np.linspace(-0.2, 0.5, 20).reshape(5, 4), model, np.array([0, 1, 2, 2, 1])


def check_slopes(params: dict[str, np.ndarray], loss: Any, bound: float) -> None:
    """Compare the gradients of loss() with numeric ones, and their shapes."""
    _, grads = loss()
    assert set(grads) == set(params)
    for name, parameter in params.items():
        numeric = eval_numerical_gradient(lambda _: loss()[0], parameter, verbose=False)
        assert grads[name].shape == parameter.shape
        assert rel_error(numeric, grads[name]) < bound, name


@EDITIONS
def test_parameters_and_scores(edition: Edition) -> None:
    net = toy_net(edition)
    assert {name: value.shape for name, value in net.params.items()} == edition.shapes
    assert sum(np.sum(value**2) for value in net.params.values()) == pytest.approx(
        0.7586167842353397, rel=1e-14
    )
    assert not any(net.params[name].any() for name in ("b1", "b2"))
    np.testing.assert_allclose(net.loss(toy_data()[0]), edition.scores, rtol=0, atol=1e-14)


@EDITIONS
def test_loss_and_gradients(edition: Edition) -> None:
    net, (X, y) = toy_net(edition), toy_data()
    loss, grads = net.loss(X, y, reg=0.05)
    assert loss == pytest.approx(edition.loss, rel=0, abs=1e-12)
    for name, wanted in edition.grads.items():
        assert grads[name].shape == edition.shapes[name]
        np.testing.assert_allclose(grads[name].ravel(), wanted, rtol=0, atol=1e-14)
    loss, plain_grads = net.loss(X, y)
    assert loss == pytest.approx(edition.data_loss, rel=0, abs=1e-12)
    for name in ("W1", "W2"):
        weights_part = 2 * edition.penalty * 0.05 * net.params[name]
        np.testing.assert_allclose(
            grads[name] - plain_grads[name], weights_part, rtol=0, atol=1e-14
        )


@EDITIONS
@pytest.mark.parametrize(("biases", "reg", "bound"), [(0.0, 0.05, 1e-8), (1.0, 3.0, 1e-7)])
def test_gradients_agree_with_numeric_ones(
    edition: Edition, biases: float, reg: float, bound: float
) -> None:
    net, (X, y), rng = toy_net(edition), toy_data(), np.random.RandomState(2)
    net.params["b1"], net.params["b2"] = biases * rng.randn(10), biases * rng.randn(3)
    check_slopes(net.params, lambda: net.loss(X, y, reg=reg), bound)


@EDITIONS
def test_biases_are_not_regularized(edition: Edition) -> None:
    net, (X, y) = toy_net(edition), toy_data()
    net.params["b1"], net.params["b2"] = np.linspace(-1, 1, 10), np.linspace(-1, 1, 3)
    plain, plain_grads = net.loss(X, y)
    loss, grads = net.loss(X, y, reg=10.0)
    assert loss - plain == pytest.approx(edition.penalty * 10 * 0.7586167842353397, rel=1e-12)
    np.testing.assert_array_equal(grads["b1"], plain_grads["b1"])
    np.testing.assert_array_equal(grads["b2"], plain_grads["b2"])


@EDITIONS
def test_toy_training_follows_the_documents_losses(edition: Edition) -> None:
    net, (X, y) = toy_net(edition), toy_data()
    stats = net.train(X, y, X, y, learning_rate=1e-1, reg=5e-6, num_iters=100)
    losses = stats["loss_history"]
    assert len(losses) == len(stats["train_acc_history"]) == len(stats["val_acc_history"]) == 100
    assert {i: losses[i] for i in edition.losses} == pytest.approx(edition.losses, rel=1e-12)
    first = edition.first_accuracies
    assert stats["train_acc_history"][: len(first)] == pytest.approx(first)
    assert stats["val_acc_history"][-1] == 1.0
    for name, wanted in edition.trained.items():
        np.testing.assert_allclose(net.params[name].ravel(), wanted, rtol=0, atol=1e-13)


@EDITIONS
def test_the_rate_falls_after_every_whole_epoch(edition: Edition) -> None:
    rng = np.random.RandomState(4)
    X, y = rng.randn(1, 4).repeat(50, axis=0), np.full(50, 1)  # all batches are the same
    net, twin = toy_net(edition), toy_net(edition)
    stats = net.train(
        X, y, X, y, learning_rate=0.1, learning_rate_decay=0.5, num_iters=6, batch_size=20
    )
    assert len(stats["val_acc_history"]) == 3  # 50 // 20 = 2 iterations: after 0, 2 and 4
    for rate in (0.1, 0.05, 0.05, 0.025, 0.025, 0.0125):
        _, grads = twin.loss(X[:20], y[:20], reg=5e-6 if edition is DH else 1e-5)
        for name in twin.params:
            twin.params[name] -= rate * grads[name]
    for name, value in twin.params.items():
        np.testing.assert_allclose(net.params[name], value, rtol=0, atol=1e-15)


@EDITIONS
def test_predict_names_the_highest_score(edition: Edition) -> None:
    wanted = np.argmax(edition.scores, axis=1)
    np.testing.assert_array_equal(toy_net(edition).predict(toy_data()[0]), wanted)


@EDITIONS
def test_nothing_given_is_changed(edition: Edition) -> None:
    net, (X, y) = toy_net(edition), toy_data()
    before = {name: value.copy() for name, value in net.params.items()}
    net.loss(X, y, reg=0.05)
    for now, kept in zip((X, y), toy_data(), strict=True):
        np.testing.assert_array_equal(now, kept)
    for name, value in before.items():
        np.testing.assert_array_equal(net.params[name], value)


@EDITIONS
def test_verbose_training_prints_every_hundredth_loss(
    edition: Edition, capsys: pytest.CaptureFixture[str]
) -> None:
    X, y = toy_data()
    toy_net(edition).train(X, y, X, y, num_iters=101, verbose=True)
    printed = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in printed] == ["iteration 0 / 101", "iteration 100 / 101"]


@EDITIONS
@pytest.mark.parametrize(
    ("X", "y", "message"),
    [(np.zeros((5, 3)), None, r"X must have shape \(N, 4\)"),
     (np.zeros(4), None, r"X must have shape \(N, 4\)"),
     (np.zeros((2, 4)), np.zeros(3, int), "one label per row of X, 2"),
     (np.zeros((0, 4)), np.zeros(0, int), "one label per row of X, 0"),
     (np.zeros((2, 4)), np.array([0, 3]), "labels must be 0 to 2, not 0 to 3"),
     (np.zeros((2, 4)), np.array([0, -1]), "labels must be 0 to 2, not -1 to 0")],
)  # fmt: skip
def test_what_does_not_fit_is_refused(
    edition: Edition, X: np.ndarray, y: np.ndarray | None, message: str
) -> None:
    net = toy_net(edition)
    with pytest.raises(ValueError, match=message):
        net.loss(X, y)
    _, model, _ = linspace_model()
    with pytest.raises(ValueError, match=message):
        two_layer_net(X, model, y)
    if y is not None:
        good = np.zeros((2, 4)), np.zeros(2, int)
        for train, val in (((X, y), good), (good, (X, y))):
            with pytest.raises(ValueError, match=message):
                net.train(*train, *val, num_iters=1)


def test_squared_error_by_hand() -> None:
    scores = np.array([[0.1, 0.1, 0.8]])
    loss, dscores = two_layer_net_mse.mse_loss(scores, np.array([2]))
    np.testing.assert_array_equal(scores, [[0.1, 0.1, 0.8]])
    assert 2 * loss == pytest.approx(0.06, abs=1e-12)
    np.testing.assert_allclose(dscores, [[0.1, 0.1, -0.2]], atol=1e-15)


@pytest.mark.parametrize("size", [1e3, 1e5])
def test_large_scores_overflow_nothing(size: float) -> None:
    _, model, _ = linspace_model()
    model["W2"][:] = 0.0
    model["b2"] = np.array([size, 0.0, 0.0])
    net = two_layer_net_dh.TwoLayerNet(4, 10, 3)
    net.params = model
    X, y = np.ones((2, 4)), np.array([0, 1])
    for loss, grads in (net.loss(X, y), two_layer_net_function.two_layer_net(X, model, y)):
        assert loss == pytest.approx(size / 2)
        np.testing.assert_allclose(grads["b2"], [0.5, -0.5, 0.0])


def test_the_function_gives_the_documents_scores_and_losses() -> None:
    X, model, y = linspace_model()
    np.testing.assert_allclose(two_layer_net(X, model), FUNCTION_SCORES, rtol=0, atol=1e-14)
    for reg, wanted in ((0, 1.1226275363741318), (1e-3, 1.1252204556196372)):
        assert two_layer_net(X, model, y, reg)[0] == pytest.approx(wanted, rel=0, abs=1e-12)
    loss, grads = two_layer_net(X, model, y, 0.1)
    assert loss == pytest.approx(1.381919460924677, rel=0, abs=1e-12)
    for name, wanted_grads in FUNCTION_GRADS.items():
        np.testing.assert_allclose(grads[name].ravel(), wanted_grads, rtol=0, atol=1e-14)


def test_the_functions_gradients_agree_with_numeric_ones() -> None:
    X, model, y = linspace_model()
    check_slopes(model, lambda: two_layer_net(X, model, y, 0.1), bound=1e-7)


def test_the_function_changes_nothing() -> None:
    X, model, y = linspace_model()
    two_layer_net(X, model, y, 0.1)
    for now, before in ((X, linspace_model()[0]), (y, linspace_model()[2])):
        np.testing.assert_array_equal(now, before)
    for name, before in linspace_model()[1].items():
        np.testing.assert_array_equal(model[name], before)


def test_a_fresh_model_guesses() -> None:
    np.random.seed(0)  # noqa: NPY002
    model = init_two_layer_model(300, 40, 10)
    assert {name: value.shape for name, value in model.items()} == {
        "W1": (300, 40), "b1": (40,), "W2": (40, 10), "b2": (10,),
    }  # fmt: skip
    rng = np.random.RandomState(0)
    np.testing.assert_array_equal(model["W1"], 1e-5 * rng.randn(300, 40))
    np.testing.assert_array_equal(model["W2"], 1e-5 * rng.randn(40, 10))
    assert not model["b1"].any()
    assert not model["b2"].any()
    loss, _ = two_layer_net(rng.randn(7, 300), model, np.arange(7))
    assert loss == pytest.approx(np.log(10), abs=1e-7)
