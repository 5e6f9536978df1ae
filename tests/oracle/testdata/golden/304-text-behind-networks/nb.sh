ovn-sbctl chassis-add hv1 geneve 192.168.0.1 -- set Chassis hv1 other_config:ct-commit-nat-v2=true other_config:ct-commit-to-zone=true other_config:ct-label-flush=true other_config:ct-next-zone=true other_config:ct-no-masked-label=true other_config:fdb-timestamp=true other_config:is-interconn=false other_config:ls-dpg-column=true other_config:mac-binding-timestamp=true other_config:ovn-ct-lb-related=true other_config:ovn-sample-with-registers=true other_config:port-up-notif=true -- --id=@c get Chassis hv1 -- create Chassis_Private name=hv1 chassis=@c
ovn-nbctl sync
ovn-nbctl lr-add r0
ovn-nbctl -- --id=@p create Logical_Router_Port name=lrp1 'mac="0a:00:00:00:ff:001"' 'networks=["10.0.1.1/24"]' -- add Logical_Router r0 ports @p
ovn-nbctl -- --id=@p create Logical_Router_Port name=lrp2 'mac="0a:00:00:00:ff:02x"' 'networks=["10.0.2.1/24"]' -- add Logical_Router r0 ports @p
ovn-nbctl -- --id=@p create Logical_Router_Port name=lrp3 'mac="0a:00:00:00:ff:03 10.1.1.1"' 'networks=["10.0.3.1/24"]' -- add Logical_Router r0 ports @p
ovn-nbctl -- --id=@p create Logical_Router_Port name=lrp4 'mac="0a:00:00:00:ff:03 "' 'networks=["10.0.3.1/24"]' -- add Logical_Router r0 ports @p
ovn-nbctl -- --id=@p create Logical_Router_Port name=lrp5 'mac="0a:00:00:00:ff:05"' 'networks=["10.0.4.1/24x","10.0.5.1/24"]' -- add Logical_Router r0 ports @p
ovn-nbctl -- --id=@p create Logical_Router_Port name=lrp6 'mac="0a:00:00:00:ff:06"' 'networks=["10.0.4.1/24 10.0.6.1/24","fd00::1/64"]' -- add Logical_Router r0 ports @p
ovn-nbctl -- --id=@p create Logical_Router_Port name=lrp7 'mac="0a:00:00:00:ff:07"' 'networks=["fe80::1%eth0/64","10.0.7.1/24"]' -- add Logical_Router r0 ports @p
ovn-nbctl -- --id=@p create Logical_Router_Port name=lrp8 'mac="0a:00:00:00:ff:08"' 'networks=["fd01::1/64%x","fd02::1/64"]' -- add Logical_Router r0 ports @p
ovn-nbctl -- --id=@p create Logical_Router_Port name=lrp9 'mac="0a:00:00:00:ff:09"' 'networks=["10.0.8.1/33","10.0.9.1/24"]' -- add Logical_Router r0 ports @p
ovn-nbctl -- --id=@p create Logical_Router_Port name=lrp10 'mac="0a:00:00:00:ff:0a"' 'networks=["10.0.10.1/","10.0.11.1/24"]' -- add Logical_Router r0 ports @p
ovn-nbctl -- --id=@p create Logical_Router_Port name=lrp11 'mac="0a:00:00:00:ff:0b"' 'networks=["10.0.12.1/24 ","10.0.13.1/24"]' -- add Logical_Router r0 ports @p
ovn-nbctl -- --id=@p create Logical_Router_Port name=lrp12 'mac="0a:00:00:00:ff:0c"' 'networks=["fd03::1/64 ","fd04::1/64"]' -- add Logical_Router r0 ports @p
ovn-nbctl -- --id=@p create Logical_Router_Port name=lrp13 'mac="0a:00:00:00:ff:0d"' 'networks=["fd05::1/ 64","fd06::1/64"]' -- add Logical_Router r0 ports @p
ovn-nbctl -- --id=@p create Logical_Router_Port name=lrp14 'mac="0a:00:00:00:ff:0e"' 'networks=[" 10.0.15.1/24"," fd07::1/64"]' -- add Logical_Router r0 ports @p
ovn-nbctl -- --id=@p create Logical_Router_Port name=lrp15 'mac="0a:00:00:00:ff:0f"' 'networks=["x","fd08::1/64"]' -- add Logical_Router r0 ports @p
ovn-nbctl -- --id=@p create Logical_Router_Port name=lrp16 'mac="0a:00:00:00:ff:10"' 'networks=["zzz"]' -- add Logical_Router r0 ports @p
ovn-nbctl -- --id=@p create Logical_Router_Port name=lrp17 'mac="0a:00:00:00:ff:11"' 'networks=["fd0a::1/ffff:ffff::","10.0.16.1/255.255.0.0"]' -- add Logical_Router r0 ports @p
