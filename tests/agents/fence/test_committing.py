"""Whatever a page does, what changes something leaves it once while the commit fence stands."""

import threading

from agents.browsing.browser import Visit
from tests.agents.fence.places import Place, Reply, until


def sell(visit: Visit, shop: Place, body: str, **others: Reply) -> None:
    """Open the shop's page."""
    shop.pages = {"/": Reply(body), **{f"/{name}": reply for name, reply in others.items()}}
    visit.open(shop.url)
    shop.asked.clear()
    shop.bodies.clear()


def asked(shop: Place, visit: Visit, *, times: int) -> list[str]:
    """What reached the shop once `times` requests did, and the page has come to rest."""
    until(lambda: len(shop.asked) >= times, meanwhile=visit.settle)
    visit.settle()
    return [line for line in shop.asked if not line.startswith("GET")]


def fetching(*calls: str) -> str:
    """A page whose button makes these calls, one after the other, whatever comes of them."""
    done = "".join(f"await {call}.catch(() => 0);" for call in calls)
    code = f"async function go() {{ {done} document.title = 'Done' }}"
    return f"<button id=go onclick='go()'>go</button><script>{code}</script>"


def test_a_form_sent_three_times_by_the_page_leaves_once(visit: Visit, shop: Place) -> None:
    """The page fires three orders; one arrives, two are cut, and its answer is on record."""
    order = "fetch('/order?token=secret', {method: 'POST', body: '{}'})"
    sell(visit, shop, fetching(order, order, order), order=Reply("placed", 201))
    with visit.fence.committing() as watch:
        visit.page.click("#go")
        assert until(lambda: visit.page.title() == "Done", meanwhile=visit.settle)
    assert ["POST /order?token=secret"] == asked(shop, visit, times=1)
    assert 2 == watch.cut
    [sent] = watch.sent
    assert ("POST", f"{shop.url}/order", 201) == (sent.method, sent.url_without_query, sent.status)


def test_without_the_fence_all_three_arrive(visit: Visit, shop: Place) -> None:
    """The control: the page of the test before does what it says."""
    order = "fetch('/order', {method: 'POST', body: '{}'})"
    sell(visit, shop, fetching(order, order, order), order=Reply("placed", 201))
    visit.page.click("#go")
    assert 3 == len(asked(shop, visit, times=3))


def test_a_double_submit_of_a_form_leaves_once(visit: Visit, shop: Place) -> None:
    """The page submits its form again while the answer is not there yet."""
    held = threading.Event()
    form = "<form method=post action=/order><button id=go onclick='again(this.form)'>Place order</button></form>"
    code = "function again(form) { for (const wait of [1500, 1700]) setTimeout(() => form.submit(), wait) }"
    sell(visit, shop, f"{form}<script>{code}</script>", order=Reply("<title>Thanks</title>", wait=held))
    with visit.fence.committing() as watch:
        visit.page.click("#go", no_wait_after=True)
        assert until(lambda: watch.cut, meanwhile=lambda: visit.page.wait_for_timeout(10))
        held.set()
        visit.settle()
    assert ["POST /order"] == shop.asked
    assert 1 == len(watch.sent)


def test_going_back_and_sending_again_is_cut(visit: Visit, shop: Place) -> None:
    """As long as the fence stands, on whatever page."""
    form = "<form method=post action=/order><button id=go>Place order</button></form>"
    sell(visit, shop, form, order=Reply("<title>Failed</title>", 422))
    with visit.fence.committing() as watch:
        visit.page.click("#go")
        visit.settle()
        assert 422 == visit.last_status
        visit.page.go_back()
        visit.page.click("#go")
        visit.settle()
    assert ["POST /order"] == asked(shop, visit, times=1)
    assert [422] == [sent.status for sent in watch.sent]
    assert 1 == watch.cut


def test_different_requests_each_leave_once(visit: Visit, shop: Place) -> None:
    """A method, an address or an operation makes a different one; reading is never cut."""
    calls = [
        "fetch('/basket', {method: 'POST'})",
        "fetch('/basket', {method: 'PUT'})",
        "fetch('/order', {method: 'POST'})",
        "fetch('/order', {method: 'POST', headers: {'Next-Action': 'a1'}})",
        "fetch('/state')",
        "fetch('/state')",
    ]
    sell(visit, shop, fetching(*calls))
    with visit.fence.committing() as watch:
        visit.page.click("#go")
        visit.settle()
    assert ["POST /basket", "PUT /basket", "POST /order", "POST /order"] == asked(shop, visit, times=6)
    assert 2 == len([line for line in shop.asked if line == "GET /state"])
    assert 0 == watch.cut


def graphql(body: str) -> str:
    """A call of a GraphQL shop."""
    return f"fetch('/graphql', {{method: 'POST', body: JSON.stringify({body})}})"


def test_a_graphql_shop_may_read_while_its_mutations_leave_once(visit: Visit, shop: Place) -> None:
    """All of it goes to one address; what is asked for is in the body."""
    place = graphql('{operationName: "place", query: "mutation place { placeOrder { id } }"}')
    pay = graphql('{operationName: "pay", query: "mutation pay { pay { id } }"}')
    poll = graphql('{query: "query poll { order { id } }"}')
    sell(visit, shop, fetching(pay, place, poll, place, poll, poll), graphql=Reply("{}"))
    with visit.fence.committing() as watch:
        visit.page.click("#go")
        visit.settle()
    assert 5 == len(asked(shop, visit, times=5))
    assert (2, 1) == (len(watch.sent), watch.cut)


def test_a_persisted_operation_goes_by_its_name(visit: Visit, shop: Place) -> None:
    """A page that polls for its receipt gets it; an order that is sent again is cut."""
    submit = graphql('{operationName: "SubmitForCompletion", variables: {}}')
    poll = graphql('{operationName: "PollForReceipt", variables: {}}')
    gift = graphql('{operationName: "getawayOrder", variables: {}}')
    sell(visit, shop, fetching(submit, poll, submit, poll, poll, gift, gift), graphql=Reply("{}"))
    with visit.fence.committing() as watch:
        visit.page.click("#go")
        visit.settle()
    assert (2, 2) == (len(watch.sent), watch.cut)
    assert 5 == len(asked(shop, visit, times=5))


def test_a_body_that_lies_about_reading_is_cut(visit: Visit, shop: Place) -> None:
    """A mutation hidden behind a query is one; so is nonsense, of which each address has one kind."""
    both = graphql('{query: "query a { b } mutation c { d }"}')
    nonsense = "fetch('/graphql', {method: 'POST', body: '{'})"
    listed = "fetch('/graphql', {method: 'POST', body: '{\"operationName\": [1], \"query\": 7}'})"
    sell(visit, shop, fetching(both, both, nonsense, nonsense, listed, listed), graphql=Reply("{}"))
    with visit.fence.committing() as watch:
        visit.page.click("#go")
        visit.settle()
    assert 2 == len(watch.sent)
    assert 4 == watch.cut


def test_frames_workers_and_beacons_are_inside_the_fence(visit: Visit, shop: Place) -> None:
    """Three ways of sending the same order are one order."""
    worker = Reply("fetch('/order', {method: 'POST'})", headers={"Content-Type": "text/javascript"})
    frame = Reply("<script>fetch('/order', {method: 'POST'})</script>")
    code = """
      document.getElementById('go').onclick = () => {
        navigator.sendBeacon('/order'); new Worker('/worker.js');
        const frame = document.createElement('iframe'); frame.src = '/frame'; document.body.append(frame);
      }"""
    body = f"<button id=go>go</button><script>{code}</script>"
    sell(visit, shop, body, **{"worker.js": worker, "frame": frame, "order": Reply("placed")})
    with visit.fence.committing() as watch:
        visit.page.click("#go")
        assert until(lambda: watch.cut == 2, meanwhile=visit.settle)
    assert ["POST /order"] == [line for line in shop.asked if line.startswith("POST")]


def test_a_request_without_an_answer_is_on_record_without_a_status(visit: Visit, shop: Place) -> None:
    """It left, and nobody knows what came of it."""
    sell(visit, shop, fetching("fetch('/order', {method: 'POST'})"), order=Reply(hang_up=True))
    with visit.fence.committing() as watch:
        visit.page.click("#go")
        assert until(lambda: visit.page.title() == "Done", meanwhile=visit.settle)
    assert [None] == [sent.status for sent in watch.sent]


def test_a_redirect_that_repeats_the_body_is_on_record(visit: Visit, shop: Place) -> None:
    """The server's own doing: both hops are told, with their answers."""
    form = "<form method=post action=/order><button id=go>Place order</button></form>"
    sell(visit, shop, form, order=Reply("", 307, {"Location": "/order2"}), order2=Reply("placed"))
    with visit.fence.committing() as watch:
        visit.page.click("#go")
        visit.settle()
    assert ["POST /order", "POST /order2"] == asked(shop, visit, times=2)
    assert [(f"{shop.url}/order", 307), (f"{shop.url}/order2", 200)] == [
        (sent.url_without_query, sent.status) for sent in watch.sent
    ]


def test_the_fence_comes_down_with_its_block(visit: Visit, shop: Place) -> None:
    """After it the page may send as before, and a new fence begins anew."""
    order = "fetch('/order', {method: 'POST'})"
    sell(visit, shop, fetching(order), order=Reply("placed"))
    for _ in range(2):
        with visit.fence.committing() as watch:
            visit.page.click("#go")
            visit.settle()
        assert (1, 0) == (len(watch.sent), watch.cut)
    visit.page.click("#go")
    assert 3 == len(asked(shop, visit, times=3))
