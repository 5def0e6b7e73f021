"""The fifteen browser checks of the plan of the explorer, and the tests that hold each; nothing here may rot unseen."""

from pathlib import Path

import pytest

HERE = Path(__file__).parent
CHECKS = {
    "1 every route says the same as a file: words, pictures, scripts": {
        "test_publish": ["test_files_say_the_same_as_the_server", "test_every_file_is_listed_and_everything_listed_is_there"],
    },
    "2 every kind of page opens by double click, the Loupe with three strips and its place in the address": {
        "test_every_page": ["test_a_page_opens_from_a_disk"],
        "test_browser": ["test_the_first_page_and_a_layer_work_from_a_disk"],
    },
    "3 no page asks anyone else, and one that did would be noticed": {
        "test_every_page": ["test_a_page_can_be_read_by_anyone", "test_a_page_opens_behind_a_proxy", "test_whoever_asks_elsewhere_is_caught"],
        "test_safety": ["test_s7_no_page_asks_anyone_else"],
        "test_publish": ["test_no_page_tells_where_it_was_made"],
    },
    "4 the Loupe at fifty points of every layer is the ranking; its field never shrinks with depth": {
        "test_check_loupe": [
            "test_fifty_points_at_every_layer_show_the_stored_channels_and_never_a_smaller_field",
            "test_fifty_points_of_a_real_network_show_the_ranking_of_its_activations",
        ],
    },
    "5 every tile in sight is the right one: sheets, single tiles, strips, light and dark": {
        "test_browser": [
            "test_every_tile_in_sight_is_the_right_one", "test_strips_in_the_loupe_and_in_a_panel_are_those_of_their_channel",
        ],
        "test_layer_in_browser": ["test_the_strongest_alone_are_the_first_tiles"],
    },
    "6 addresses bring back layer, channel, sort, filter, norm and map; Back and Forward; j; helpful 404": {
        "test_check_address": [
            "test_back_and_forward_bring_back_order_question_channel_and_scale",
            "test_a_picture_comes_back_with_its_map_its_place_and_its_colours", "test_the_loupe_comes_back_where_it_was_left",
        ],
        "test_layer_in_browser": ["test_an_address_brings_back_view_order_question_channel_and_scale"],
        "test_browser": ["test_the_panel_walks_and_goes_back", "test_a_channel_has_its_own_address"],
        "test_pages": ["test_what_does_not_exist_is_named_with_what_does"],
    },
    "7 eleven questions over 25,000 rows equal numpy; a keystroke within 100 ms; at most 200 rows drawn": {
        "test_search": [
            "test_ten_questions_over_25_000_channels_are_answered_as_numpy_does",
            "test_a_keystroke_over_25_000_channels_is_answered_within_a_tenth_of_a_second",
        ],
    },
    "8 512 channels: 12 requests, 600 KB, all decoded, p95 frame of 50 ms, nothing jumps": {
        "test_layer_in_browser": ["test_512_channels_need_few_requests_and_bytes_scroll_smoothly_and_nothing_jumps"],
    },
    "9 the convolution labs print what torch computes; 40 random settings that are not square": {
        "test_labs_in_browser": [
            "test_every_printed_product_sum_and_bias_is_that_of_torch",
            "test_forty_pictures_that_are_not_square_are_walked_as_torch_walks_them",
        ],
    },
    "10 switches are max_pool2d's, ties included; the unpooled grid is max_unpool2d's": {
        "test_labs_in_browser": ["test_the_switches_and_what_a_shift_changes"],
        "test_planes_in_browser": ["test_the_unpooled_grid_is_that_of_torch"],
        "test_planes": ["test_switches_and_unpooled_grid_are_those_of_torch"],
    },
    "11 the planted mark is found by the page of why, and not in its clean twin": {
        "test_shortcut_story": [
            "test_the_planted_shortcut_is_found", "test_its_clean_twin_has_none", "test_a_reader_sees_the_mark_framed_and_the_verdict",
        ],
    },
    "12 axe finds nothing serious, light and dark; 390 px and 200 % without sideways scroll; alt everywhere": {
        "test_every_page": ["test_a_page_can_be_read_by_anyone", "test_what_scripts_add_can_be_read_by_anyone"],
        "test_pages": ["test_every_page_answers_and_every_image_has_alt"],
    },
    "13 the whole way by keyboard; the focus in sight, given back on Esc; letters rest while typing or switched off": {
        "test_check_keyboard": [
            "test_from_the_loupe_to_two_channels_side_by_side_and_back", "test_wherever_the_tab_key_leads_is_framed",
            "test_letters_do_nothing_while_typing_or_where_they_are_switched_off",
            "test_esc_gives_the_focus_back_to_the_button_that_opened_the_list_of_keys",
        ],
    },
    "14 nothing moves where motion is unwelcome; zero in the middle of ramps, warm above; projections grey at zero": {
        "test_check_colour": [
            "test_a_signed_ramp_is_neutral_at_zero_warm_above_and_keeps_to_its_curve",
            "test_no_influence_is_mid_grey_in_every_projection",
        ],
        "test_browser": ["test_nothing_moves_by_itself_where_motion_is_unwelcome"],
    },
    "15 the notebook's frame offline within 200 KB; below a proxy's prefix; without scripts": {
        "test_notebook": ["test_an_atlas_shows_itself_within_its_size", "test_the_loupe_of_a_notebook_is_true_without_any_network"],
        "test_every_page": ["test_a_page_opens_behind_a_proxy", "test_a_page_is_readable_without_scripts_and_on_paper"],
        "test_publish": ["test_every_link_of_the_server_stays_below_the_prefix_of_a_proxy"],
        "test_browser": ["test_without_scripts_every_channel_is_listed_with_its_pictures_and_its_link"],
    },
    "also: caps of scripts and styles, valid HTML, dead links, no Node": {
        "test_browser": ["test_only_one_line_writes_markup_and_the_scripts_are_small"],
        "test_check_html": ["test_every_page_is_well_made_and_points_at_what_it_has", "test_a_browser_builds_the_tree_that_is_written"],
        "test_publish": ["test_a_dead_link_is_refused_by_page_and_link"],
        "test_serve": ["test_it_says_where_it_is_answers_without_torch_and_stops_cleanly"],
    },
}  # fmt: skip


@pytest.mark.parametrize("check", CHECKS)
def test_every_check_is_held_by_tests_that_exist(check):
    named = [(module, name) for module, names in CHECKS[check].items() for name in names]
    missing = [
        f"{module}::{name}"
        for module, name in named
        if f"def {name}(" not in (HERE / f"{module}.py").read_text("utf-8")
    ]
    assert named
    assert missing == []
